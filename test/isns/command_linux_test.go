package isns

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/targets"
)

// TestCommand: a scan logs in to the portals that isnsd names, of which one is tgt's, and says
// what differs, both ways; the registry keeps what isnsd named, and after a restart of isnsd,
// which forgets all, what is not registered again is missing.
func TestCommand(t *testing.T) {
	t.Parallel()
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	targets.StartTgt(t, targets.TgtConfig{Namespace: d.ns, Addrs: []netip.Addr{server.Addr()}, Port: 3260, Targets: []string{disk1, disk2}})
	at := portal(serverAddr + ":3260")
	d.register("array", at, node(disk1, isns.Target), node(vault, isns.Target))

	got := d.discover("scan", "--isns", serverAddr)
	_, differences, _ := strings.Cut(got, " from iSNS server "+serverAddr+":3205\n")
	var rows []string
	for line := range strings.Lines(differences) {
		rows = append(rows, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"TARGET PORTAL DIFFERENCE",
		disk2 + " 192.0.2.10:3260 listed by the portal, not named by the iSNS server",
		vault + " 192.0.2.10:3260 named by the iSNS server, not listed by the portal",
	}
	if diff := cmp.Diff(want, rows); diff != "" || !strings.HasPrefix(got, "192.0.2.10:3260: 2 targets\n") {
		t.Errorf("got %s\nwant (-) and got (+):\n%s", got, diff)
	}

	if got := d.discover("isns", "add", serverAddr); !strings.HasPrefix(got, "192.0.2.10:3205: stored; 2 targets\n") {
		t.Errorf("add: got %s", got)
	}
	d.restart()
	d.register("array", at, node(disk1, isns.Target))
	if got := d.discover("isns", "refresh", "-o", "iscsiadm"); got != "192.0.2.10:3260,1 "+disk1+"\n" {
		t.Errorf("refresh: got %s", got)
	}
	if got := d.discover("target", "list"); strings.Count(got, "missing since") != 1 || strings.Count(got, "iqn.") != 2 || !strings.Contains(got, vault) || !strings.Contains(got, disk1) {
		t.Errorf("got %s\nwant %s, and %s missing", got, disk1, vault)
	}
	d.discover("isns", "remove", serverAddr)
	if a := d.run(program(t), "isns", "refresh", serverAddr); a.exit == 0 || !strings.Contains(a.stderr, "it is not in the registry") {
		t.Errorf("refresh of a server that was removed: got %+v", a)
	}
}
