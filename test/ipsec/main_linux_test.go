package ipsec_test

import (
	"os"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		os.Exit(runChild(text))
	}
	if os.Getenv(suiteVariable) == "" { // else it is in a guest, where the network is
		netns.Isolate()
	}
	os.Exit(m.Run())
}
