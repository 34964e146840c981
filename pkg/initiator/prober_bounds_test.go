package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestProbeOnce: each address is tried once in a run, whichever portals and targets
// advertise it, and however often; from another source it is tried anew.
func TestProbeOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []initiator.ProbeKind{initiator.ProbeTCP, initiator.ProbeLogin} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			show := scene.Showing("192.0.2.9:3260,1", "192.0.2.9:3260,2", "192.0.2.8:3260,1")
			show.Records = append(show.Records, iscsitest.Record{Name: "iqn.2026-11.com.example:disk2", Addresses: []string{"192.0.2.9:3260,1"}})
			n.Portal("192.0.2.9:3260", &iscsitest.Target{})
			first, second := scene.Portal(n, scene.Where, show), scene.Portal(n, "192.0.2.2:3260", show)
			p := newProber(d, kind)
			want := map[string]string{"192.0.2.9:3260,1": "reachable", "192.0.2.9:3260,2": "reachable", "192.0.2.8:3260,1": "refused"}
			probe := func(s initiator.SendTargetPortal) {
				t.Helper()
				r, _ := discover(t, d, s)
				p.ProbeTargets(t.Context(), &r)
				if diff := cmp.Diff(want, reaches(&r)); diff != "" {
					t.Error(diff)
				}
				if got := r.Targets[1].Addresses[0].Reach; got != target.Reachable {
					t.Errorf("of the second target: %v", got)
				}
			}
			probe(first)
			probe(second)
			probe(first)
			first.Source = netip.MustParseAddr("192.0.2.253")
			probe(first)
			probe(first)
			count := make(map[iscsitest.Dial]int)
			for _, d := range n.Dials() {
				if d.Portal.Addr().String() >= "192.0.2.8" {
					count[d]++
				}
			}
			if len(count) != 4 {
				t.Errorf("got %v, want two addresses from two sources", count)
			}
			for d, times := range count {
				if times != 1 {
					t.Errorf("%v was tried %d times", d, times)
				}
			}
		})
	}
}

// TestProbeBounds: a run tries 256 addresses, some at once, and each for a time.
func TestProbeBounds(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var advertised []string
		for i := range initiator.MaxProbes + 1 {
			advertised = append(advertised, fmt.Sprintf("203.0.%d.%d:3260,1", 113+i/200, 1+i%200))
			host, _, _ := strings.Cut(advertised[i], ",")
			n.Portal(host) // silent
		}
		p := scene.Portal(n, scene.Where, scene.Showing(advertised...))
		r, _ := discover(t, d, p)
		prober := newProber(d, initiator.ProbeTCP)
		prober.Parallel = 32
		start := time.Now()
		prober.ProbeTargets(t.Context(), &r)
		if took, want := time.Since(start), initiator.MaxProbes/32*initiator.ProbeTimeout; took != want {
			t.Errorf("it took %s, want %s", took, want)
		}
		count := make(map[string]int)
		for _, a := range r.Targets[0].Addresses {
			count[a.Reach.String()]++
		}
		if want := map[string]int{"unreachable": 256, "not tried": 1}; !cmp.Equal(count, want) {
			t.Errorf("got %v, want %v", count, want)
		}
		if got := len(n.Dials()); got != 1+initiator.MaxProbes {
			t.Errorf("got %d dials", got)
		}
		scene.WantWarnings(t, &r, initiator.WarnNotTried, "203.0.114.57:3260 was not tried: more addresses than one run tries (256)")

		// The bound is of the run: another portal's addresses do not get more.
		again, _ := discover(t, d, scene.Portal(n, "192.0.2.2:3260", scene.Showing("203.0.113.1:3260,1", "192.0.2.77:3260,1")))
		prober.ProbeTargets(t.Context(), &again)
		if got, want := reaches(&again), map[string]string{"203.0.113.1:3260,1": "unreachable", "192.0.2.77:3260,1": "not tried"}; !cmp.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestProbeTimeout: a probe has its own time, and no more than a portal has.
func TestProbeTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ timeout, own, want time.Duration }{
		{10 * time.Second, 0, 5 * time.Second},
		{2 * time.Second, 0, 2 * time.Second},
		{10 * time.Second, 8 * time.Second, 8 * time.Second},
		{2 * time.Second, 8 * time.Second, 2 * time.Second},
	} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Timeout = tt.timeout
			n.Portal("192.0.2.9:3260")
			r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Showing("192.0.2.9:3260,1")))
			p := newProber(d, initiator.ProbeTCP)
			p.Timeout = tt.own
			start := time.Now()
			p.ProbeTargets(t.Context(), &r)
			if took := time.Since(start); took != tt.want {
				t.Errorf("%+v: took %s", tt, took)
			}
		})
	}
}

// TestProbeCancel: when the context ends, what is left was not tried, and nothing
// is waited for.
func TestProbeCancel(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		n.Portal("192.0.2.8:3260")
		n.Portal("192.0.2.9:3260")
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Showing("192.0.2.8:3260,1", "192.0.2.9:3260,1", scene.Where+",1")))
		p := newProber(d, initiator.ProbeTCP)
		p.Parallel = 1
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		p.ProbeTargets(ctx, &r)
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %s", took)
		}
		want := map[string]string{"192.0.2.8:3260,1": "not tried", "192.0.2.9:3260,1": "not tried", scene.Where + ",1": "reachable"}
		if diff := cmp.Diff(want, reaches(&r)); diff != "" {
			t.Error(diff)
		}
		scene.WantWarnings(t, &r, initiator.WarnNotTried, "192.0.2.8:3260, 192.0.2.9:3260 were not tried: the run was cancelled")
	})
}

// TestProbeOwnUnknown: where it cannot be told which addresses are this host's, none
// is tried.
func TestProbeOwnUnknown(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Showing("192.0.2.9:3260,1", scene.Where+",1")))
		p := d.NewProber(initiator.ProbeTCP)
		p.Addresses = func() ([]ports.Address, error) { return nil, errors.New("netlink: busy") }
		p.ProbeTargets(t.Context(), &r)
		if got, want := reaches(&r), map[string]string{"192.0.2.9:3260,1": "not tried", scene.Where + ",1": "reachable"}; !cmp.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		scene.WantWarnings(t, &r, initiator.WarnNotTried, "192.0.2.9:3260 was not tried: the addresses of this host could not be read: netlink: busy")
		if got := len(n.Dials()); got != 1 {
			t.Errorf("got %d dials", got)
		}
	})
}

// TestProbeUnusable: an address that is marked unusable is not tried.
func TestProbeUnusable(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, scene.Portal(n, scene.Where, &iscsitest.Target{}))
		addresses := []target.Address{
			{Host: "192.0.2.9", Port: 3260, Group: 1, Unusable: target.BroadcastAddress},
			{Host: "192.0.2.8", Port: 3260, Group: 1, Unusable: target.LoopbackAddress},
		}
		newProber(d, initiator.ProbeTCP).Probe(t.Context(), &r, addresses)
		for _, a := range addresses {
			if a.Reach != target.NotTried {
				t.Errorf("%s: got %v", a, a.Reach)
			}
		}
		scene.WantWarnings(t, &r, initiator.WarnNotTried,
			"192.0.2.9:3260 was not tried: a broadcast address", "192.0.2.8:3260 was not tried: a loopback address of the target")
		if got := len(n.Dials()); got != 1 {
			t.Errorf("got %d dials", got)
		}
	})
}

// TestProbeReport: of many addresses with one reason there is one warning.
func TestProbeReport(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var advertised []string
		for i := range 7 {
			advertised = append(advertised, fmt.Sprintf("array%d.example:3260,1", i+1))
		}
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Showing(advertised...)))
		newProber(d, initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
		scene.WantWarnings(t, &r, initiator.WarnNotTried,
			"array1.example:3260, array2.example:3260, array3.example:3260, array4.example:3260, array5.example:3260 and 2 more were not tried: "+
				"a host name, and host names from targets are not looked up")
	})
}

// TestProbeSharesNothing: the targets of a result may share the memory of their
// addresses with others, which a probe leaves as they are.
func TestProbeSharesNothing(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Showing(scene.Where+",1")))
		kept, before := r.Targets, r.Warnings
		newProber(d, initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
		if kept[0].Addresses[0].Reach != target.NotProbed || r.Targets[0].Addresses[0].Reach != target.Reachable || len(before) != 0 {
			t.Errorf("before %+v, now %+v", kept, r.Targets)
		}
	})
}

// TestProbeZero: a Prober that was not made tries nothing, and says so.
func TestProbeZero(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Showing("192.0.2.9:3260,1", scene.Where+",1")))
		new(initiator.Prober).ProbeTargets(t.Context(), &r)
		if got, want := reaches(&r), map[string]string{"192.0.2.9:3260,1": "not tried", scene.Where + ",1": "reachable"}; !cmp.Equal(got, want) || len(n.Dials()) != 1 {
			t.Errorf("got %v, want %v", got, want)
		}
		scene.WantWarnings(t, &r, initiator.WarnNotTried, "192.0.2.9:3260 was not tried: prober: it was not made by NewProber")
	})
}
