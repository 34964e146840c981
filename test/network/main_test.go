// Package network holds the library against real networks: several interfaces
// and subnets, policy routing, addresses that come and go, links that fail. The
// test program is the initiator's host, in a network namespace of its own; each
// array is another one, at the end of a cable. What counts is what the arrays
// saw: from which address, and by which cable, a session came.
//
// The host is one, so tests do not run in parallel. Each takes some ten
// milliseconds, and leaves the host as it was.
package network

import (
	"os"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(m.Run())
}
