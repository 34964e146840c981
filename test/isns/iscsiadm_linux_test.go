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

// TestISCSIADMRecords: records of a server are made, changed, used, listed and deleted, and
// each command line prints what it prints with open-iscsi's program. What both say where
// no server is needed is in test/iscsiadm/testdata/isns.script.
func TestISCSIADMRecords(t *testing.T) {
	t.Parallel()
	real := need.Program(t, "iscsiadm")
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	d.startISCSID()
	d.register("array", append(portal("192.0.2.30:3260"), node(disk1, isns.Target)...))
	var ours, theirs []answer
	lines := []string{
		"-m discoverydb -t isns -p 192.0.2.10 -o new",
		"-m discoverydb -t isns -p 192.0.2.10 -o update -n discovery.isns.use_discoveryd -v Yes",
		"-m discoverydb -t isns -p 192.0.2.10 -D",
		"-m discoverydb -t isns -p 192.0.2.10 -D -P 1",
		"-m discovery",
		"-m discovery -P 1",
		"-m node",
		"-m discoverydb -t isns -p 192.0.2.10 -o delete",
		"-m discovery -P 1",
		"-m node",
		"-m discovery -t isns -p 192.0.2.10 -o nonpersistent",
		"-m discoverydb -t isns -p 192.0.2.10",
	}
	for _, line := range lines { // first: ours takes over a record that the real program has
		ours = append(ours, d.run(append([]string{program(t), "iscsiadm"}, strings.Fields(line)...)...))
	}
	for _, line := range lines {
		theirs = append(theirs, d.run(append([]string{real}, strings.Fields(line)...)...))
	}
	for i, line := range lines {
		got, want := ours[i], theirs[i]
		if got.exit != want.exit || got.stdout != want.stdout {
			t.Errorf("%s: got exit %d\n%s%swant exit %d\n%s%s", line, got.exit, got.stdout, got.stderr, want.exit, want.stdout, want.stderr)
		}
	}
	if !strings.Contains(ours[2].stdout, disk1) {
		t.Errorf("%s: got %+v", lines[2], ours[2])
	}

	record := func(program ...string) answer {
		return d.run(append(program, strings.Fields("-m discoverydb -t isns -p 192.0.2.10:3206 -o new")...)...)
	}
	if a := record(real); a.exit != 0 {
		t.Fatalf("iscsiadm: %+v", a)
	}
	a := d.run(program(t), "iscsiadm", "-m", "discoverydb", "-t", "isns", "-p", "192.0.2.10:3206")
	if a.exit != 0 || !strings.Contains(a.stdout, "discovery.type = isns\ndiscovery.sendtargets.address = 192.0.2.10\ndiscovery.sendtargets.port = 3206\n") {
		t.Errorf("a record of the real program: got %+v", a)
	}
}
