package ipsec_test

import (
	"os"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

func TestMain(m *testing.M) {
	if child := os.Getenv(childVariable); child != "" {
		os.Exit(runChild(child))
	}
	netns.Isolate()
	os.Exit(m.Run())
}
