package isnsverbs

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// What a portal lists is kept up to a bound, and a portal that lists more is not compared.
func TestDifferencesBounds(t *testing.T) {
	t.Parallel()
	const named = "iqn.2026-11.com.example:disk1"
	portals := []netip.AddrPort{netip.MustParseAddrPort("192.0.2.10:3260"), netip.MustParseAddrPort("192.0.2.11:3260"), netip.MustParseAddrPort("192.0.2.12:3260")}
	d := newDifferences()
	for _, p := range portals {
		d.name(named, p)
		d.ask(p)
	}
	lists := func(index int, times int, of func(i int) target.Target) {
		for done := 0; done < times; {
			b := initiator.Batch{Index: index, Portal: initiator.Portal{Address: portals[index].Addr().String(), Port: 3260}}
			for range min(4096, times-done) {
				one := of(done)
				b.Add(&one)
				done++
			}
			if done == times {
				b.Result = &initiator.Result{Complete: true}
			}
			d.Listed(&b)
		}
	}
	address := target.Address{Host: "192.0.2.10", Port: 3260, Group: 1}
	lists(0, maxListed/2+1, func(int) target.Target { // two for each: the target and its address
		return target.Target{Name: named, Addresses: []target.Address{address}}
	})
	lists(1, maxDifferences+5, func(i int) target.Target {
		return target.Target{Name: fmt.Sprintf("iqn.2026-11.com.example:stranger%d", i), Addresses: []target.Address{address}}
	})
	lists(2, 1, func(int) target.Target { return target.Target{Name: named, Addresses: []target.Address{address}} })
	d.Close()
	if len(d.All) != maxDifferences || d.More != 6 { // and portal 1 does not list the target
		t.Errorf("got %d differences and %d more, want %d and 6", len(d.All), d.More, maxDifferences)
	}
	if d.judged != 2 || d.asked[portals[0]].judged || *d.listings.kept != 0 || len(d.listings.open) != 0 {
		t.Errorf("got %d portals compared, %d kept", d.judged, *d.listings.kept)
	}
}
