package registry_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestSource: the source address of a Discoverer without a registry.
func TestSource(t *testing.T) {
	t.Parallel()
	n := iscsitest.NewNetwork(t)
	addr := n.Portal("192.0.2.10:3260", &iscsitest.Target{})
	d := &initiator.Discoverer{InitiatorName: scene.InitiatorName, Dial: n.Dial}
	for _, source := range []string{"192.0.2.2", "::ffff:192.0.2.2"} {
		p := scene.At(addr)
		p.Source = netip.MustParseAddr(source)
		r, err := d.Discover(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		if want := netip.MustParseAddr("192.0.2.2"); r.Source != want || r.InitiatorPort != (ports.Port{Address: want}) {
			t.Errorf("%s: source %s, port %+v", source, r.Source, r.InitiatorPort)
		}
	}
	for _, dial := range n.Dials() {
		if dial.Source != netip.MustParseAddr("192.0.2.2") {
			t.Errorf("dialed from %s", dial.Source)
		}
	}
}

// TestSourceOfNames: of the addresses of a name those are asked that the source,
// or the port, can ask.
func TestSourceOfNames(t *testing.T) {
	t.Parallel()
	v4, v6 := netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("2001:db8::10")
	tests := []struct {
		name  string
		found []netip.Addr
		code  uint32
		dials []netip.Addr
	}{
		{name: "the other first", found: []netip.Addr{v6, v4}, dials: []netip.Addr{v4}},
		{name: "the other last", found: []netip.Addr{v4, v6}, dials: []netip.Addr{v4}},
		{name: "only the other", found: []netip.Addr{v6}, code: isdsc.AddressTypeNotSupported},
		{name: "fails, the other last", found: []netip.Addr{netip.MustParseAddr("192.0.2.99"), v6},
			code: isdsc.ConnectionFailed, dials: []netip.Addr{netip.MustParseAddr("192.0.2.99")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, how := range []func(*initiator.SendTargetPortal){
				func(p *initiator.SendTargetPortal) { p.Source = netip.MustParseAddr("192.0.2.2") },
				func(p *initiator.SendTargetPortal) { p.Source = netip.MustParseAddr("::ffff:192.0.2.2") },
				func(p *initiator.SendTargetPortal) { p.Instance, p.Port = "host", ports.N(0) },
			} {
				w := newWorld(t, func(cfg *registry.Config) {
					cfg.Discoverer.Lookup = func(context.Context, string) ([]netip.Addr, error) { return tt.found, nil }
				})
				w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
				p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: "array.example", Port: 3260}}
				how(&p)
				r, err := w.AddSendTargetPortal(t.Context(), p)
				scene.WantCode(t, err, tt.code)
				if !r.Stored {
					t.Error("not stored")
				}
				var dials []netip.Addr
				for _, d := range w.network.Dials() {
					dials = append(dials, d.Portal.Addr())
				}
				if !slices.Equal(dials, tt.dials) {
					t.Errorf("dials to %v, want %v", dials, tt.dials)
				}
			}
		})
	}
}

// TestBoundByOthers: who dials in our place does not bind, and the result does
// not say so.
func TestBoundByOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *registry.Config) { cfg.Discoverer.BindDevice = true })
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
	r, err := w.AddSendTargetPortal(t.Context(), scene.At(addr))
	scene.WantCode(t, err, isdsc.Success)
	if r.Bound {
		t.Error("the result says that the connection was bound")
	}
}

// TestSourceAndNumber: two ways to name a port contradict each other.
func TestSourceAndNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
	p.Instance, p.Port, p.Source = "host", ports.N(1), netip.MustParseAddr("192.0.2.2")
	r, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Win32InvalidParameter)
	if r.Stored || len(w.network.Dials()) != 0 {
		t.Errorf("stored %t, dials %v", r.Stored, w.network.Dials())
	}
}

// TestAnyInstance: without an instance each is tried that has a route, in the
// order of the list, until one connects. From one source address once is enough.
func TestAnyInstance(t *testing.T) {
	t.Parallel()
	first, second := netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("198.51.100.2")
	tests := []struct {
		name   string
		fails  []netip.Addr // sources from which nothing connects
		code   uint32
		dials  []netip.Addr // sources
		served string       // by the name of the node
	}{
		{name: "the first", dials: []netip.Addr{first}, served: scene.InitiatorName},
		{name: "the next", fails: []netip.Addr{first}, dials: []netip.Addr{first, second}, served: scene.InitiatorName + "-b"},
		{name: "none", fails: []netip.Addr{first, second}, code: isdsc.ConnectionFailed, dials: []netip.Addr{first, second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *registry.Config) {
				dial := cfg.Discoverer.Dial
				cfg.Discoverer.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
					c, err := dial(ctx, source, dst)
					if err == nil && slices.Contains(tt.fails, source) {
						c.Close()
						return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
					}
					return c, err
				}
			})
			for _, i := range []ports.Instance{
				{Name: "a", Addresses: []netip.Addr{first}, NodeName: scene.InitiatorName + "-a"},
				{Name: "b", Interfaces: []string{"eth1"}, NodeName: scene.InitiatorName + "-b"},
				{Name: "c", Interfaces: []string{"eth9"}},
			} {
				if err := w.AddInstance(t.Context(), i); err != nil {
					t.Fatal(err)
				}
			}
			addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
			r, err := w.AddSendTargetPortal(t.Context(), scene.At(addr))
			scene.WantCode(t, err, tt.code)
			var dials []netip.Addr
			for _, d := range w.network.Dials() {
				dials = append(dials, d.Source)
			}
			if !slices.Equal(dials, tt.dials) {
				t.Errorf("dialed from %v, want %v", dials, tt.dials)
			}
			if err == nil && r.InitiatorName != tt.served {
				t.Errorf("initiator %s, want %s", r.InitiatorName, tt.served)
			}
		})
	}
}

// TestRedirectKeepsInstance: where no instance is named, the one that was sent on
// goes, under its name, whether or not another has the same address.
func TestRedirectKeepsInstance(t *testing.T) {
	t.Parallel()
	first, second := netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("198.51.100.2")
	for _, host := range []netip.Addr{first, second} { // from which the built-in instance would go on
		w := newWorld(t, func(cfg *registry.Config) {
			dial := cfg.Discoverer.Dial
			cfg.Discoverer.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
				if source == first && dst.Port() == 3260 {
					return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
				}
				return dial(ctx, source, dst)
			}
			route := cfg.Discoverer.Selector.Route
			cfg.Discoverer.Selector.Route = func(ctx context.Context, source, dst netip.Addr) (netip.Addr, error) {
				if !source.IsValid() && dst == netip.MustParseAddr("192.0.2.11") {
					return host, nil
				}
				return route(ctx, source, dst)
			}
		})
		name := scene.InitiatorName + "-b"
		if err := w.AddInstance(t.Context(), ports.Instance{Name: "b", Interfaces: []string{"eth1"}, NodeName: name}); err != nil {
			t.Fatal(err)
		}
		addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Redirect: "192.0.2.11:3261"})
		next := w.network.Portal("192.0.2.11:3261", &iscsitest.Target{})
		r, err := w.AddSendTargetPortal(t.Context(), scene.At(addr))
		scene.WantCode(t, err, isdsc.Success)
		if r.InitiatorPort.Instance != "b" || r.InitiatorName != name {
			t.Errorf("port %+v, initiator %s", r.InitiatorPort, r.InitiatorName)
		}
		for _, s := range w.network.Sessions(next) {
			if got, _ := s.Key("InitiatorName"); got != name || s.Peer.Addr() != second {
				t.Errorf("initiator %s at %s", got, s.Peer)
			}
		}
	}
}
