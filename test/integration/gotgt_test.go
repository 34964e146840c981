package integration

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/targets"
)

func TestGotgt(t *testing.T) {
	t.Parallel()
	g := targets.StartGotgt(t, targets.GotgtConfig{Targets: targets.Names("gotgt", 3), LUN: true})
	r := discover(t, at(g.Portals[0], targets.CHAP{}))
	same(t, everywhere(g.Targets, "1", g.Portals...), portals(r))
	t.Run("as iscsi-ls sees it", func(t *testing.T) {
		same(t, targets.IscsiLs(t, g.URL()), portals(r))
	})
}

// TestGotgtPortals: a target with several addresses, one of them IPv6.
func TestGotgtPortals(t *testing.T) {
	t.Parallel()
	need.IPv6(t)
	g := targets.StartGotgt(t, targets.GotgtConfig{Addrs: []netip.Addr{loopback4, another4, loopback6}, Targets: targets.Names("gotgt", 2)})
	for _, portal := range g.Portals {
		r := discover(t, at(portal, targets.CHAP{}))
		same(t, everywhere(g.Targets, "1", g.Portals...), portals(r))
		if r.Address != portal {
			t.Errorf("connected to %s, want %s", r.Address, portal)
		}
	}
}

func TestGotgtThousand(t *testing.T) {
	t.Parallel()
	g := targets.StartGotgt(t, targets.GotgtConfig{Targets: targets.Names("gotgt", 1000)})
	same(t, everywhere(g.Targets, "1", g.Portals...), portals(discover(t, at(g.Portals[0], targets.CHAP{}))))
}

// TestGotgtCHAP: gotgt knows no CHAP and closes. That is an error that says what
// to look at, never a list.
func TestGotgtCHAP(t *testing.T) {
	t.Parallel()
	g := targets.StartGotgt(t, targets.GotgtConfig{})
	r, err := newDiscoverer().Discover(t.Context(), at(g.Portals[0], targets.CHAP{User: "disc", Secret: "secret-secret12"}))
	if initiator.Code(err) != isdsc.TransportError || len(r.Targets) != 0 {
		t.Errorf("targets %v, error %v", r.Targets, err)
	}
}
