package fleet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestFleet: one fleet on each kind of etcd, one after the other: at the same time hosts would
// lose leases on a small machine.
func TestFleet(t *testing.T) {
	need.Root(t)
	need.Program(t, "ip")
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) { live(t, kind) })
	}
}

// live has a fleet begin, and what happens to it happen in this order.
func live(t *testing.T, kind etcdtest.Kind) {
	l := newLab(t, kind)
	l.console.watch(t)
	l.awaitWatch(t)
	l.begin(t)
	for _, step := range []struct {
		name string
		run  func(*lab, *testing.T)
	}{
		{"all see the same", (*lab).same},
		{"portal fails for one host, and for all", (*lab).portalFails},
		{"each member of etcd is killed", (*lab).killMembers},
		{"two of three members are gone", (*lab).killTwo},
		{"hosts are cut off", (*lab).cutOff},
		{"a role may not write", (*lab).revoke},
		{"the database is full", (*lab).fill},
		{"clocks are wrong", (*lab).clocks},
		{"the events of all", (*lab).compareEvents},
		{"certificates have ended", (*lab).certificates},
		{"bad input", (*lab).badInput},
		{"end", (*lab).end},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(l, t) }) {
			t.FailNow() // what follows builds on it
		}
	}
}

// begin starts the hosts, and tells them what to ask.
func (l *lab) begin(t *testing.T) {
	t.Helper()
	for i, h := range l.hosts {
		h.start(t, l)
		if i == 0 {
			h.awaitSaid(t, 0, "this host leads the fleet "+fleetName+" now")
		}
	}
	l.console.expect(t, true, "leader-changed host1", "host-appeared host1", "host-appeared host2", "host-appeared host3", "host-appeared host4", "host-appeared host5")
	for _, a := range []*array{l.disks, l.tapes} {
		l.console.discover(t, "portal", "add", a.portal)
	}
	l.awaitWhole(t)
	for _, h := range l.hosts {
		h.api(t, "events") // from now on it keeps them
	}
	l.asked = len(slices.DeleteFunc(l.console.all(t), func(e event) bool { return e.Type == "leader-changed" }))
}

// awaitWhole waits until all hosts see all at both portals, and nothing is amiss.
func (l *lab) awaitWhole(t *testing.T) {
	t.Helper()
	until(t, "a view that is whole", func() string {
		a, d := l.console.read(t, "paths"), l.console.read(t, "diff")
		var is []string
		for _, p := range a.Portals {
			is = append(is, fmt.Sprintf("%s: %d of %d fail, %d groups", p.Portal, p.Failing, p.Hosts, len(p.Groups)))
		}
		want := []string{l.disks.portal + ": 0 of 5 fail, 1 groups", l.tapes.portal + ": 0 of 5 fail, 1 groups"}
		if !slices.Equal(is, want) || *a.Portals[0].Groups[0].Targets != 3 || *a.Portals[1].Groups[0].Targets != 1 || len(d.Differences) > 0 {
			return fmt.Sprintf("%q, %q", is, kinds(d.Differences))
		}
		out, errs, err := l.console.try("targets", "-o", "json") // fails while the leader has not copied the lists
		if err != nil {
			return errs
		}
		if got := parse(t, out).Targets; !slices.Equal(got, []targetRow{{disk1, 5}, {disk2, 5}, {disk3, 5}, {tape1, 5}}) {
			return fmt.Sprint(got)
		}
		return ""
	})
}

// same compares what is seen from everywhere, and with what etcd has.
func (l *lab) same(t *testing.T) {
	l.awaitKeys(t)
	l.awaitLeader(t)
	for _, verb := range []string{"hosts", "paths", "diff"} {
		want := list(t, l.console.discover(t, verb, "-o", "json"))
		for _, h := range l.hosts {
			until(t, h.name+" sees what the console does", func() string {
				_, b := h.get(t, "/api/v1/fleet/"+verb)
				if got := list(t, b); !reflect.DeepEqual(got, want) {
					return fmt.Sprintf("%s: %v, not %v", verb, got, want)
				}
				return ""
			})
		}
	}
	for _, h := range l.hosts {
		until(t, "the page of "+h.name, func() string {
			_, page := h.get(t, "/fleet")
			for _, want := range []string{l.disks.portal, l.tapes.portal, "5 of 5", "led by <bdi>" + l.console.read(t, "hosts").Fleet.Leader + "</bdi>", "3 targets"} {
				if !strings.Contains(page, want) {
					return "no " + want + ":\n" + page
				}
			}
			return ""
		})
	}
}

// awaitLeader waits until one host leads, and all say that it is this one, the watch among them:
// a change that it tells later would be an event of the next step.
func (l *lab) awaitLeader(t *testing.T) {
	t.Helper()
	until(t, "one host that leads", func() string {
		want, told := l.console.read(t, "hosts").Fleet.Leader, l.console.led(t)
		var leads, differ []string
		for _, h := range l.hosts {
			if h.metric(t, "fleet_leader") == 1 {
				leads = append(leads, h.name)
			}
			if is := h.api(t, "hosts").Fleet.Leader; is != want {
				differ = append(differ, h.name+" sees "+is)
			}
		}
		if !slices.Equal(leads, []string{want}) || len(differ) > 0 || told != want {
			return fmt.Sprintf("the console sees %s, its watch %s, %q lead, and %q", want, told, leads, differ)
		}
		return ""
	})
}

// awaitKeys waits until etcd has what five hosts at two portals publish, and nothing twice.
func (l *lab) awaitKeys(t *testing.T) {
	t.Helper()
	client := l.client(t, "admin")
	names := map[fleet.Kind]string{fleet.KindInfo: "hosts", fleet.KindPath: "paths", fleet.KindPart: "parts", fleet.KindWant: "wants", fleet.KindKnown: "known", fleet.KindPortal: "portals"}
	want := map[string]int{"hosts": 5, "paths": 10, "known": 5, "portals": 2, "candidates": 2}
	until(t, "the keys in etcd", func() string {
		all, err := client.Get(t.Context(), l.keys.Prefix(), clientv3.WithPrefix(), clientv3.WithKeysOnly())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, kv := range all.Kvs {
			k := l.keys.Parse(string(kv.Key))
			switch name := names[k.Kind]; {
			case strings.HasPrefix(string(kv.Key), l.keys.Leader()):
				got["candidates"]++
			case k.Kind != fleet.KindCopy: // kept for a day
				got[cmp.Or(name, string(kv.Key))]++
			}
		}
		if !maps.Equal(got, want) {
			return fmt.Sprintf("%v, not %v", got, want)
		}
		return ""
	})
}

// list returns what is in an answer but the head, which says how old it is.
func list(t *testing.T, s string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(s), &all); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	delete(all, "fleet")
	return all
}

// compareEvents compares the events of each discoverd since it was first asked with those of
// the console. A host that was cut off missed some; it has none that is not true.
func (l *lab) compareEvents(t *testing.T) {
	t.Helper()
	all := slices.DeleteFunc(l.console.all(t), func(e event) bool { return e.Type == "leader-changed" })
	for _, h := range l.hosts {
		events := h.api(t, "events").Events
		checkOrder(t, h.name, events)
		events = slices.DeleteFunc(events, func(e event) bool { return e.Type == "leader-changed" })
		got, want := lines(events), lines(all[min(l.asked, len(all)):])
		if l.missed[h.name] {
			for _, line := range got {
				if !slices.Contains(want, line) {
					t.Errorf("%s has the event %q, and the console does not", h.name, line)
				}
			}
		} else if !slices.Equal(got, want) {
			t.Errorf("%s has the events\n%q, and the console\n%q", h.name, got, want)
		}
	}
}

// end ends the hosts in order: each is gone at once, since it gives its lease back.
func (l *lab) end(t *testing.T) {
	leader := l.console.read(t, "hosts").Fleet.Leader
	var want []string
	for _, h := range l.hosts {
		want = append(want, "host-silent "+h.name+": had 2")
	}
	for _, h := range l.hosts {
		if h.name != leader {
			h.stop(t)
		}
	}
	for _, h := range l.hosts {
		if h.name == leader {
			h.stop(t)
		}
	}
	l.console.expect(t, true, append(want, "leader-changed")...)
}
