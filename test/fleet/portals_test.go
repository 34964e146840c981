package fleet

import (
	"slices"
	"strings"
	"testing"
)

// portalFails takes the way to a portal from one host, and then the portal from all.
func (l *lab) portalFails(t *testing.T) {
	one := l.hosts[3]
	l.block(t, one)
	l.awaitDiff(t, "portal-failing "+l.tapes.portal+" "+one.name)
	l.unblock(t, one)

	l.wire.router.Down(t, l.tapes.port)
	l.console.expect(t, true, "portal-failed "+l.tapes.portal+": 5 of 5")
	l.awaitDiff(t, "portal-gone "+l.tapes.portal+" host1,host2,host3,host4,host5")
	if out := l.console.discover(t, "diff"); !strings.Contains(out, "all 5") || !strings.Contains(out, "5 paths failed") {
		t.Errorf("discover fleet diff says\n%s", out)
	}
	l.wire.router.Up(t, l.tapes.port)
	l.console.expect(t, true, "portal-recovered "+l.tapes.portal+": 5")
	l.awaitWhole(t)
}

// block takes the way to a portal from a host.
func (l *lab) block(t *testing.T, h *host) {
	t.Helper()
	ip(t, h.Namespace, "route replace unreachable "+l.tapes.own.String())
	l.console.expect(t, true, "portal-failed "+l.tapes.portal+": 1 of 5")
}

// unblock ends block.
func (l *lab) unblock(t *testing.T, h *host) {
	t.Helper()
	ip(t, h.Namespace, "route del unreachable "+l.tapes.own.String())
	h.storage.lead(t, prefix(l.tapes.own))
	l.console.expect(t, true, "portal-recovered "+l.tapes.portal+": 5")
}

// awaitDiff waits until the differences are these, for the console and for each host that it
// is asked of.
func (l *lab) awaitDiff(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	until(t, "differences", func() string {
		if got := kinds(l.console.read(t, "diff").Differences); !slices.Equal(got, want) {
			return strings.Join(got, "; ") + ", not " + strings.Join(want, "; ")
		}
		return ""
	})
}
