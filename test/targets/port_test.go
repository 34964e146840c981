package targets

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// Each target has its own way to fail when its port is taken: tgtd listens on
// all addresses and another port instead, istgt and gotgt end.
func TestPortIsTaken(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start func(*testing.T, netip.AddrPort) (*Target, error)
	}{
		{name: "gotgt", start: func(t *testing.T, p netip.AddrPort) (*Target, error) {
			g := &Target{Portals: []netip.AddrPort{p}}
			cfg := GotgtConfig{Addrs: []netip.Addr{p.Addr()}, Targets: Names("gotgt", 1)}
			return g, g.startGotgt(t, gotgtProgram(t), cfg.serve(p.Port()))
		}},
		{name: "istgt", start: func(t *testing.T, p netip.AddrPort) (*Target, error) {
			g := &Target{Portals: []netip.AddrPort{p}}
			return g, g.startIstgt(t, need.Program(t, "istgt"), IstgtConfig{Targets: Names("istgt", 1)})
		}},
		{name: "tgt", start: func(t *testing.T, p netip.AddrPort) (*Target, error) {
			g := &Tgt{
				Target: Target{Portals: []netip.AddrPort{p}},
				admin:  &tgtadm{path: need.Program(t, "tgtadm"), folder: t.TempDir()},
			}
			return &g.Target, g.start(t, need.Program(t, "tgtd"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			g, err := tt.start(t, netip.MustParseAddrPort(l.Addr().String()))
			if !errors.Is(err, errTaken) {
				t.Errorf("got error %v, want %v", err, errTaken)
			}
			if !g.Ended() {
				t.Error("the process goes on")
			}
		})
	}
}
