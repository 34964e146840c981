package ipsec_test

import (
	"os"
	"testing"

	"github.com/go-iscsi/discovery/test/ipsec/job"

	"github.com/go-iscsi/discovery/test/netns"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(job.Variable); text != "" {
		os.Exit(job.Main(text))
	}
	netns.Isolate()
	os.Exit(m.Run())
}
