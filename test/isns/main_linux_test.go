// Package isns holds the iSNS client and the command's iSNS verbs against real
// programs: Debian's isnsd (open-isns), its isnsadm, and open-iscsi's iscsiadm. What they do that RFC 4171 does not say is in
// docs/compatibility.md.
//
// Each test has a network namespace of its own with a server in it. The test program is
// in a namespace of its own as well, since iscsiadm asks iscsid by a socket that belongs
// to the network namespace.
package isns

import (
	"os"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(m.Run())
}
