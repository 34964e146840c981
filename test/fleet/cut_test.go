package fleet

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func prefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// A frozen is a host, and how it was before it lost etcd.
type frozen struct {
	*host
	at       time.Time
	mark     int     // bytes on standard error
	attempts float64 // at portals
	paths    map[string]any
}

// freeze notes how hosts are.
func (l *lab) freeze(t *testing.T, hosts []*host) (all []*frozen) {
	t.Helper()
	for _, h := range hosts {
		_, b := h.get(t, "/api/v1/fleet/paths")
		all = append(all, &frozen{host: h, at: time.Now(), mark: h.said.len(), attempts: h.metric(t, "attempts_total"), paths: list(t, b)})
	}
	return all
}

// awaitAlone waits until each host says that etcd is away, and since when, in all its ways,
// serves its last view and asks its portals all the same.
func (l *lab) awaitAlone(t *testing.T, hosts []*frozen, why string) {
	t.Helper()
	for _, h := range hosts {
		h.awaitSaid(t, h.mark, "the fleet "+fleetName+": ")
		h.awaitSaid(t, h.mark, "; discoverd goes on by itself and tries again")
		until(t, h.name+" says that the view is old", func() string {
			a := h.api(t, "paths")
			if a.Fleet.StaleSince == nil {
				return "it does not"
			}
			if since := a.Fleet.StaleSince.Add(-h.off); since.Before(h.at.Add(-time.Minute)) || since.After(time.Now().Add(time.Second)) {
				t.Errorf("%s: stale since %v, and it lost etcd after %v", h.name, since, h.at)
			}
			if !strings.Contains(a.Fleet.Error, why) {
				return fmt.Sprintf("error %q, without %q", a.Fleet.Error, why)
			}
			return ""
		})
		if _, b := h.get(t, "/api/v1/fleet/paths"); !reflect.DeepEqual(list(t, b), h.paths) {
			t.Errorf("%s serves\n%v, not its last view\n%v", h.name, list(t, b), h.paths)
		}
		if _, page := h.get(t, "/fleet"); !strings.Contains(page, "etcd does not answer since ") || !strings.Contains(page, "5 of 5") {
			t.Errorf("%s: the page does not say that it is old, and how it was:\n%s", h.name, page)
		}
		until(t, h.name+" says so in its metrics", func() string {
			if h.metric(t, "fleet_connected") != 0 {
				return "it is connected"
			}
			return ""
		})
		if since := time.Unix(int64(h.metric(t, "fleet_since_timestamp_seconds")), 0).Add(-h.off); since.Before(h.at.Add(-time.Minute)) {
			t.Errorf("%s: not connected since %v, and it lost etcd after %v", h.name, since, h.at)
		}
		until(t, h.name+" asks its portals", func() string {
			if n := h.metric(t, "attempts_total"); n <= h.attempts+2 {
				return fmt.Sprintf("%v attempts, after %v", n, h.attempts)
			}
			return ""
		})
	}
}

// awaitBack waits until each host is connected again, and its view is no longer old.
func (l *lab) awaitBack(t *testing.T, hosts []*frozen) {
	t.Helper()
	for _, h := range hosts {
		until(t, h.name+" is back", func() string {
			if a := h.api(t, "paths"); a.Fleet.StaleSince != nil || h.metric(t, "fleet_connected") != 1 {
				return "it is not: " + a.Fleet.Error
			}
			return ""
		})
		h.awaitSaid(t, h.mark, "connected to the fleet "+fleetName)
	}
}

// cutOff cuts four hosts off: the elected one and another by packets that are dropped, two by
// a link that goes down. The history of what they miss is compacted.
func (l *lab) cutOff(t *testing.T) {
	leader, other := l.hosts[0], l.hosts[1]
	if l.console.read(t, "hosts").Fleet.Leader == other.name {
		leader, other = other, leader
	}
	dropped, down := []*host{leader, l.hosts[3]}, []*host{l.hosts[2], l.hosts[4]}
	before := l.freeze(t, append(dropped[:2:2], down...))
	for _, h := range dropped {
		h.manage.drop(t)
	}
	for _, h := range down {
		h.Down(t, h.manage.device)
	}

	want := []string{"leader-changed " + other.name}
	var silent []string
	for _, h := range before {
		l.missed[h.name] = true
		want = append(want, "host-silent "+h.name+": had 2")
		silent = append(silent, "host-silent  "+h.name)
	}
	l.console.expect(t, true, want...)
	l.awaitDiff(t, silent...)
	l.awaitAlone(t, before[:2], "")
	// Their connections have ended by now, so that they have to ask for what is compacted. One
	// whose packets are dropped may find its connection as it was.
	l.awaitAlone(t, before[2:], "network is unreachable")
	l.disks.mask(t, other, false)
	l.console.expect(t, true, fmt.Sprintf("targets-fewer %s %s: 2 of 3", l.disks.portal, other.name))
	l.members[0].Compact(t)
	for _, h := range dropped {
		h.manage.pass(t)
	}
	for _, h := range down {
		h.Up(t, h.manage.device)
		h.manage.lead(t, netip.Prefix{})
	}
	l.awaitBack(t, before)
	var back []string
	for _, h := range before {
		back = append(back, "host-back "+h.name)
	}
	l.console.expect(t, true, back...)
	l.awaitDiff(t, "targets-fewer "+l.disks.portal+" "+other.name)
	l.disks.mask(t, other, true)
	l.awaitWhole(t)
	l.same(t)
}
