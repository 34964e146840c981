package network

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// TestRouteChanges: between two refreshes the route goes another way. Entries
// with all ports follow it, entries with a number stay with their address.
func TestRouteChanges(t *testing.T) {
	eachFamily(t, func(t *testing.T, w *ways) {
		w.discoverer.Parallel = 1 // one after the other
		w.set("route add PORTAL via VIA0")
		h0, h1 := w.family.host[0], w.family.host[1]
		for _, f := range []from{all(""), all("host"), w.at(h0), w.at(h1)} {
			w.store(f.to(w.portal))
		}
		w.first.saw(h0, h0, h0, h1)

		w.set("route replace PORTAL via VIA1")
		var sources []string
		for r := range w.RefreshAll(t.Context()) {
			if r.Err != nil {
				t.Error(r.Err)
			}
			sources = append(sources, r.Source.String())
		}
		// In the order of the registry: none, then host by number, all last.
		want := []string{h1, h0, h1, h1}
		w.first.saw()
		w.second.saw(want...)
		if diff := cmp.Diff(want, sources); diff != "" {
			t.Errorf("sources (-want +got):\n%s", diff)
		}
	})
}

// TestAddressGone: the address of a port number is removed between add and
// refresh. That is a refusal, and not another port; all ports go on.
func TestAddressGone(t *testing.T) {
	eachFamily(t, func(t *testing.T, w *ways) {
		w.set("route add PORTAL via VIA0")
		h0, h1 := w.family.host[0], w.family.host[1]
		one := w.at(h0)
		w.store(one.to(w.portal))
		w.store(all("host").to(w.portal))
		w.first.saw(h0, h0)

		w.lose(nic0, h0+w.bits)
		w.set("route replace PORTAL via VIA1")
		w.refused(one, w.portal, isdsc.InvalidPortNumber)
		w.first.saw()
		w.second.saw()
		w.ask(all("host"), w.portal)
		w.second.saw(h1)
		if p := w.port("host", h0); p.State != ports.Gone || p.Number != one.port {
			t.Errorf("port %+v, want %s, gone", p, one.port)
		}
		if last := w.entry(one, w.portal).Last; last.Code != isdsc.InvalidPortNumber || last.Stage != "select-port" {
			t.Errorf("last result %+v", last)
		}

		// To add it is refused, by number and by address, and changes nothing.
		bySource := all("").to(w.portal)
		bySource.Source = w.port("host", h0).Address
		for _, p := range []initiator.SendTargetPortal{one.to(w.array[1]), bySource} {
			r, err := w.AddSendTargetPortal(t.Context(), p)
			wantCode(t, err, isdsc.InvalidPortNumber)
			if r.Stored || len(w.entries()) != 2 {
				t.Errorf("stored %t, entries %v", r.Stored, w.entries())
			}
		}
		w.second.saw()

		// With the address the port is back.
		w.addr(nic0, h0+w.bits)
		w.set("route replace PORTAL via VIA0")
		w.ask(one, w.portal)
		w.first.saw(h0)
	})
}

// TestLinkDown: an interface that is down, and one whose cable leads nowhere.
func TestLinkDown(t *testing.T) {
	w := newWays(t, families[0])
	w.addr(nic0, "fd00::1/64")
	w.addr(nic1, "fd00:0:0:1::1/64")
	w.set("route add PORTAL via VIA0 metric 10", "route add PORTAL via VIA1 metric 20")
	h0, h1 := w.family.host[0], w.family.host[1]
	state := func(addr string, want ports.State) {
		t.Helper()
		if got := w.port("host", addr).State; got != want {
			t.Errorf("%s is %s, want %s", addr, got, want)
		}
	}
	state("fd00::1", ports.Up)

	w.Down(t, nic0)
	state(h0, ports.Down)
	state("fd00::1", ports.Gone) // the kernel takes IPv6 addresses away
	state(h1, ports.Up)
	w.asks(all(""), seen{1, 1})
	w.asks(all("host"), seen{1, 1})
	w.asks(w.at(h0), seen{1, 0}) // the source asked for, by the way there is

	state("fd00:0:0:1::1", ports.Up)
	w.second.Down(t, nic1)
	w.await(func() bool { return w.port("host", h1).State == ports.Down })
	state("fd00:0:0:1::1", ports.Down)
}

// await waits until the system has taken note of something.
func (h *host) await(so func() bool) {
	h.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for !so() {
		select {
		case <-limit:
			h.t.Fatal("not in time")
		case <-tick.C:
		}
	}
}

// entries returns what is in the registry.
func (h *host) entries() []registry.StoredPortal {
	h.t.Helper()
	var all []registry.StoredPortal
	for p, err := range h.SendTargetPortals(h.t.Context()) {
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// entry returns one entry.
func (h *host) entry(f from, portal string) registry.StoredPortal {
	h.t.Helper()
	p := f.to(portal)
	entries := h.entries()
	i := slices.IndexFunc(entries, func(e registry.StoredPortal) bool { return e.Key().Same(p.Key()) })
	if i < 0 {
		h.t.Fatalf("no entry %s", p.Key())
	}
	return entries[i]
}
