package isns

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// TestISCSIADM: our lists are open-iscsi's, line by line, but for what isnsd does not tell
// iscsiadm: a target that is an initiator as well, and all targets where they are many.
func TestISCSIADM(t *testing.T) {
	t.Parallel()
	real := need.Program(t, "iscsiadm")
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	d.startISCSID()
	d.array()
	theirs := func() answer { return d.run(real, "-m", "discovery", "-t", "isns", "-p", serverAddr) }
	ours := func() string { return d.discover("isns", "query", "-o", "iscsiadm", serverAddr) }
	got, want := ours(), theirs()
	if want.exit != 0 || !strings.Contains(want.stdout, disk1) {
		t.Fatalf("iscsiadm: got %+v, want a list with %s", want, disk1)
	}
	without := ""
	for line := range strings.Lines(got) {
		if !strings.Contains(line, disk2) {
			without += line
		}
	}
	if diff := cmp.Diff(want.stdout, without); diff != "" {
		t.Errorf("iscsiadm (-) and ours without %s (+):\n%s", disk2, diff)
	}
	if strings.Contains(want.stdout, disk2) || strings.Count(got, disk2) != 3 {
		t.Errorf("%s: got %q, iscsiadm %q; want it three times in ours alone", disk2, got, want.stdout)
	}

	const many = 100
	all := portal("192.0.2.30:3260")
	for i := range many {
		all = append(all, node(fmt.Sprintf("iqn.2026-11.com.example:many%03d", i), isns.Target)...)
	}
	d.register("many", all)
	if a := theirs(); a.exit == 0 || !strings.Contains(a.stderr, "Internal error") {
		t.Errorf("%d targets: iscsiadm got %+v, want an internal error of the server", many, a)
	}
	if got := strings.Count(ours(), "192.0.2.30:3260,1 "); got != many {
		t.Errorf("got %d targets, want %d", got, many)
	}
}
