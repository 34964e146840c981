package userspace

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/internal/iketest"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// TestConnection: each exchange, mode and family, with PFS and without, protects a
// connection, and the proof says so. Nothing stays.
func TestConnection(t *testing.T) {
	t.Parallel()
	for _, version := range []ipsec.IKEVersion{0, ipsec.IKEv2} {
		for _, exchange := range []ipsec.Flags{ipsec.FlagMain, ipsec.FlagAggressive, 0} {
			if (version == ipsec.IKEv2) != (exchange == 0) {
				continue
			}
			for _, mode := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel} {
				for _, pfs := range []ipsec.Flags{0, ipsec.FlagPFS} {
					for _, six := range []bool{false, true} {
						flags := exchange | mode | pfs
						name := "v" + version.String() + " " + (flags | ipsec.FlagIKE | ipsec.FlagValid).String()
						if six {
							name += " IPv6"
						}
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							testConnection(t, flags, version, six)
						})
					}
				}
			}
		}
	}
}

func testConnection(t *testing.T, flags ipsec.Flags, version ipsec.IKEVersion, six bool) {
	source, portal := source4, portal4
	if six {
		source, portal = source6, portal6
	}
	s := request(t, flags, version)
	s.Source, s.Portal = source, portal
	if s.Gateway.IsValid() {
		s.Gateway = portal.Addr()
	}
	var w *world
	if version == ipsec.IKEv2 {
		w = newWorld2(t, source, portal, func(c *iketest.V2Config) {
			c.Tunnel = s.Plan.Mode == ipsec.TunnelMode
			if s.Plan.PFS {
				c.ESP[0].Group = c.Suites[0].Group
			}
		})
	} else {
		w = newWorld(t, func(c *iketest.V1Config) { c.Addr, c.Initiator = portal.Addr(), source })
	}
	p, err := w.use(t, s, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	if p.Enforcer != Name || p.Mode != s.Plan.Mode.String() || p.Exchange != s.Exchange() || len(p.SPIs) < 2 || p.BytesIn < 100_000 || p.BytesOut < 100_000 {
		t.Errorf("got %+v", p)
	}
	if len(p.Algorithms) != 2 || !strings.HasPrefix(p.Algorithms[0], "ike AES_") || !strings.HasPrefix(p.Algorithms[1], "esp AES_") || !strings.HasSuffix(p.Algorithms[1], " in udp") {
		t.Errorf("got %q", p.Algorithms)
	}
	if pfs := strings.Contains(p.Algorithms[1], "MODP") || strings.Contains(p.Algorithms[1], "ECP"); pfs != s.Plan.PFS {
		t.Errorf("got %q, want PFS: %t", p.Algorithms[1], s.Plan.PFS)
	}
	w.wantGone(t)
	if w.v1 != nil && len(w.v1.Faults()) > 0 {
		t.Errorf("what we sent: %q", w.v1.Faults())
	}
}

// TestUnreliable: datagrams that are lost or doubled in both directions cost time, and
// nothing else.
func TestUnreliable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	w.host.lossy = func(bool, []byte) int {
		mu.Lock()
		defer mu.Unlock()
		switch n := random.IntN(100); {
		case n < 4:
			return 0
		case n < 8:
			return 2
		}
		return 1
	}
	p, err := w.use(t, request(t, ipsec.FlagMain|ipsec.FlagTransport, 0), 50_000)
	if err != nil {
		t.Fatal(err)
	}
	if p.BytesIn < 50_000 {
		t.Errorf("got %+v", p)
	}
}

// TestShared: connections that have the same ends and key share an IKE security
// association, and have SPIs and local ports of their own. Another key is another one.
func TestShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := request(t, ipsec.FlagMain|ipsec.FlagTransport, 0)
	var spis []uint32
	var close []func() error
	ports := map[netip.AddrPort]bool{}
	for range 3 {
		d, err := w.e.Dialer(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		nc, err := d.DialContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := echoed(nc, 1000); err != nil {
			t.Fatal(err)
		}
		p, err := d.Proof(t.Context())
		if err != nil || p.BytesIn < 1000 || p.BytesIn > 2000 {
			t.Errorf("got %+v, %v; want the bytes of this connection", p, err)
		}
		spis = append(spis, p.SPIs...)
		ports[netip.MustParseAddrPort(nc.LocalAddr().String())] = true
		close = append(close, nc.Close, d.Close)
	}
	slices.Sort(spis)
	if len(slices.Compact(spis)) != 6 || len(ports) != 3 {
		t.Errorf("got SPIs %x and ports %v, want six and three", spis, ports)
	}
	if sockets, pairs, _ := w.host.state(); w.v1.Established() != 1 || sockets != 1 || pairs != 3 {
		t.Errorf("got %d IKE security associations, %d sockets, %d pairs; want 1, 1, 3", w.v1.Established(), sockets, pairs)
	}
	for _, f := range close {
		if err := f(); err != nil {
			t.Error(err)
		}
	}
	w.wantGone(t)
}

// TestWide: with a peer that agrees only on wider selectors connections take turns, and
// the proof has a warning.
func TestWide(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *iketest.V1Config) { c.Widest = 1 })
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			p, err := w.use(t, request(t, ipsec.FlagMain|ipsec.FlagTransport, 0), 1000)
			if err != nil {
				t.Error(err)
				return
			}
			if len(p.Warnings) != 1 || p.Warnings[0].Code != "ipsec-wide-selectors" {
				t.Errorf("got warnings %v", p.Warnings)
			}
		})
	}
	all.Wait()
	w.wantGone(t)
}
