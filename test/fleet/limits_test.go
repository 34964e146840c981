package fleet

import (
	"fmt"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// revoke takes from a host the right to write, and gives it back.
func (l *lab) revoke(t *testing.T) {
	h := l.hosts[4]
	root := l.members[0].Client(t)
	below := l.keys.Host(h.name)
	if _, err := root.RoleRevokePermission(t.Context(), h.name, below, clientv3.GetPrefixRangeEnd(below)); err != nil {
		t.Fatal(err)
	}
	said := h.said.len()
	l.disks.mask(t, h, false)
	h.awaitSaid(t, said, "no permission")
	if line := firstLine(h.said.String()[said:]); !strings.Contains(line, below) || !strings.Contains(line, "grant it to a role") {
		t.Errorf("%s says %q, which does not name the key and what to do", h.name, line)
	}
	if n := h.metric(t, "fleet_waiting_changes"); n != 1 {
		t.Errorf("%v changes wait, want 1", n)
	}
	l.console.expect(t, true)
	if _, err := root.RoleGrantPermission(t.Context(), h.name, below, clientv3.GetPrefixRangeEnd(below), clientv3.PermissionType(clientv3.PermReadWrite)); err != nil {
		t.Fatal(err)
	}
	l.console.expect(t, true, fmt.Sprintf("targets-fewer %s %s: 2 of 3", l.disks.portal, h.name))
	h.awaitSaid(t, said, "connected to the fleet "+fleetName)
	l.disks.mask(t, h, true)
	l.awaitWhole(t)
}

// fill fills the database up to its quota, and makes room again.
func (l *lab) fill(t *testing.T) {
	root := l.members[0].Client(t)
	full := false
	for i := 0; !full && i < 2*quota>>20; i++ {
		_, err := root.Put(t.Context(), "/ballast", strings.Repeat("x", 1<<20))
		if full = err != nil && strings.Contains(err.Error(), "space exceeded"); err != nil && !full {
			t.Fatal(err)
		}
	}
	if !full {
		t.Fatal("the database is not full")
	}
	h := l.hosts[2]
	said := h.said.len()
	l.disks.mask(t, h, false)
	h.awaitSaid(t, said, "no space left")
	if line := firstLine(h.said.String()[said:]); !strings.Contains(line, "etcdctl alarm disarm") {
		t.Errorf("%s says %q, which does not say what to do", h.name, line)
	}
	if got := l.console.read(t, "paths").Portals; len(got) != 2 || got[0].Hosts != 5 || got[0].Failing != 0 || len(got[0].Groups) != 1 {
		t.Errorf("what was there before is not read: %+v", got)
	}
	l.awaitFull(t, true)
	l.console.expect(t, true)

	if _, err := root.Delete(t.Context(), "/ballast"); err != nil {
		t.Fatal(err)
	}
	l.members[0].Compact(t)
	for _, m := range l.members {
		if _, err := m.Client(t).Defragment(t.Context(), m.URL()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := root.AlarmDisarm(t.Context(), &clientv3.AlarmMember{Alarm: pb.AlarmType_NONE}); err != nil {
		t.Fatal(err)
	}
	l.awaitFull(t, false)
	l.console.expect(t, true, fmt.Sprintf("targets-fewer %s %s: 2 of 3", l.disks.portal, h.name))
	h.awaitSaid(t, said, "connected to the fleet "+fleetName)
	l.disks.mask(t, h, true)
	l.awaitWhole(t)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// awaitFull waits until the console, whose user may read the fleet alone, and the page of each
// host say that etcd is full, or that no more.
func (l *lab) awaitFull(t *testing.T, is bool) {
	t.Helper()
	const line = "etcd has no space left"
	until(t, fmt.Sprintf("%q is told: %t", line, is), func() string {
		_, errs, err := l.console.try("paths")
		if err != nil || strings.Contains(errs, line) != is {
			return fmt.Sprintf("of the console: %v, %q", err, errs)
		}
		for _, h := range l.hosts {
			if _, page := h.get(t, "/fleet"); strings.Contains(page, line) != is {
				return "the page of " + h.name + ": " + page
			}
		}
		return ""
	})
}
