package fleet

import (
	"fmt"
	"strings"
	"testing"
)

// killMembers kills each member of etcd in turn, the one that leads among them. The fleet goes
// on with two: what changes meanwhile is told once.
func (l *lab) killMembers(t *testing.T) {
	for i, m := range l.members {
		h := l.hosts[2+i%3] // host3, host4, host5
		m.Kill()
		l.disks.mask(t, h, false)
		l.console.expect(t, true, fmt.Sprintf("targets-fewer %s %s: 2 of 3", l.disks.portal, h.name))
		l.awaitDiff(t, "targets-fewer "+l.disks.portal+" "+h.name)
		m.Start(t)
		m.AwaitHealthy(t)
		l.disks.mask(t, h, true)
		l.awaitWhole(t)
	}
	l.same(t)
}

// killTwo kills two of three members: nothing can be written or read. Each host goes on by
// itself, shows the fleet as it was and says since when.
func (l *lab) killTwo(t *testing.T) {
	before := l.freeze(t, l.hosts)
	l.members[1].Kill()
	l.members[2].Kill()
	l.awaitAlone(t, before, "not reachable")
	if out, errs, err := l.console.try("paths"); err == nil || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "not reachable") {
		t.Errorf("discover fleet paths: got %v, %q and %q; want one line that says that etcd is not reachable", err, out, errs)
	}
	l.members[1].Start(t)
	l.members[2].Start(t)
	for _, m := range l.members {
		m.AwaitHealthy(t)
	}
	l.awaitBack(t, before)
	l.awaitWhole(t)
	l.same(t)
	l.console.expect(t, false)
}
