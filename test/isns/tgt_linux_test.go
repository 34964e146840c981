package isns

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/test/targets"
)

// TestTgt: tgt registers itself, each new target, and takes away what is removed.
func TestTgt(t *testing.T) {
	t.Parallel()
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	g := targets.StartTgt(t, targets.TgtConfig{
		Namespace: d.ns, Port: 3260, Targets: []string{disk1, disk2},
		Addrs: []netip.Addr{netip.MustParseAddr(serverAddr), netip.MustParseAddr(serverIPv6)},
	})
	g.Admin(t, "--op", "update", "--mode", "sys", "--name", "iSNSServerIP", "-v", serverAddr)
	g.Admin(t, "--op", "update", "--mode", "sys", "--name", "iSNS", "-v", "On")
	list := func() []string { return sorted(lines(d.ask(d.as(hostName)))) }
	wait := func(what string, names ...string) {
		t.Helper()
		var want []string
		for _, n := range names {
			want = append(want, n+inDefault+` `+serverAddr+`:3260,1 0x00 ""`)
		}
		last := []string(nil)
		for range 100 {
			if last = list(); slices.Equal(last, want) {
				return
			}
		}
		t.Errorf("%s: want (-) and got (+):\n%s", what, cmp.Diff(want, last))
	}
	d.await("tgt registers itself", func() bool { return len(list()) > 0 })
	wait("at first", disk1, disk2)
	g.Add(t, []string{vault}, nil, false)
	wait("one more", disk1, disk2, vault)
	g.Remove(t, disk1)
	wait("one less", disk2, vault)
	t.Log(d.ask(d.as(hostName)))
}
