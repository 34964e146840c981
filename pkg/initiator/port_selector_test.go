package initiator_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// A selection is a ports.Selector on two instances. host has eth0, eth1 and lo;
// b has eth1 and an address that is gone.
func selection(route func(source, dst netip.Addr) (string, error)) *ports.Selector {
	port := func(instance string, number uint32, addr, device string, state ports.State) ports.Port {
		return ports.Port{Instance: instance, Number: ports.N(number), Address: netip.MustParseAddr(addr), Interface: device, State: state}
	}
	return &ports.Selector{
		Instances: []string{"host", "B"},
		Ports: []ports.Port{
			port("host", 0, "192.0.2.2", "eth0", ports.Up),
			port("host", 1, "198.51.100.2", "eth1", ports.Up),
			port("host", 2, "2001:db8::2", "eth0", ports.Up),
			port("host", 3, "fe80::2%eth0", "eth0", ports.Up),
			port("host", 4, "fe80::3%eth1", "eth1", ports.Up),
			port("host", 5, "203.0.113.2", "eth2", ports.Down),
			port("host", 6, "127.0.0.1", "lo", ports.Up),
			port("B", 0, "198.51.100.2", "eth1", ports.Up),
			port("B", 1, "198.51.100.9", "", ports.Gone),
			port("B", 2, "fe80::3%eth1", "eth1", ports.Up),
		},
		Route: func(_ context.Context, source, dst netip.Addr) (netip.Addr, error) {
			got, err := route(source, dst)
			if err != nil {
				return netip.Addr{}, err
			}
			return netip.MustParseAddr(got), nil
		},
	}
}

var errNoRoute = errors.New("no route")

// defaultBy is a host with a default route from an address; from others of the
// host everything can be reached, too.
func defaultBy(addr string) func(source, dst netip.Addr) (string, error) {
	return func(source, dst netip.Addr) (string, error) {
		if source.IsValid() {
			return source.String(), nil
		}
		return addr, nil
	}
}

func noWay(netip.Addr, netip.Addr) (string, error) { return "", errNoRoute }

// onlyFrom is a host where rules let only one source out.
func onlyFrom(addr string) func(source, dst netip.Addr) (string, error) {
	return func(source, dst netip.Addr) (string, error) {
		if source.String() != addr {
			return "", errNoRoute
		}
		return addr, nil
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	all := ports.All
	tests := []struct {
		name     string
		route    func(source, dst netip.Addr) (string, error)
		instance string
		number   ports.Number
		dst      string
		want     string // instance and number of each
		code     uint32
		says     string // the error
	}{
		{name: "by number", instance: "host", number: ports.N(1), dst: "192.0.2.10", want: "host 1"},
		{name: "without case", instance: "HOST", number: ports.N(1), dst: "192.0.2.10", want: "host 1"},
		{name: "without case, ours", instance: "b", number: ports.N(0), dst: "192.0.2.10", want: "B 0"},
		{name: "routing is not asked", route: noWay, instance: "host", number: ports.N(0), dst: "192.0.2.10", want: "host 0"},
		{name: "a port that is down is not another", instance: "host", number: ports.N(5), dst: "192.0.2.10", want: "host 5"},
		{name: "number without instance", number: ports.N(0), dst: "192.0.2.10", code: isdsc.Win32InvalidParameter, says: "belongs to an initiator instance"},
		{name: "unknown instance", instance: "hba", number: all, dst: "192.0.2.10", code: isdsc.InitiatorInstanceNotFound, says: `"hba"`},
		{name: "unknown number", instance: "B", number: ports.N(3), dst: "192.0.2.10", code: isdsc.InvalidPortNumber, says: "it does not exist"},
		{name: "gone", instance: "B", number: ports.N(1), dst: "192.0.2.10", code: isdsc.InvalidPortNumber, says: "198.51.100.9"},
		{name: "wrong family", instance: "host", number: ports.N(2), dst: "192.0.2.10", code: isdsc.AddressTypeNotSupported, says: "2001:db8::2"},
		{name: "wrong family, IPv6", instance: "host", number: ports.N(0), dst: "2001:db8::10", code: isdsc.AddressTypeNotSupported, says: "192.0.2.2"},
		{name: "link-local by number", instance: "host", number: ports.N(4), dst: "fe80::10", want: "host 4"},
		{name: "link-local by number, same link", instance: "host", number: ports.N(4), dst: "fe80::10%eth1", want: "host 4"},
		{name: "link-local by number, other link", instance: "host", number: ports.N(4), dst: "fe80::10%eth0", code: isdsc.ConnectionFailed, says: "another link"},

		{name: "all: what routing picks", route: defaultBy("198.51.100.2"), instance: "host", number: all, dst: "192.0.2.10", want: "host 1"},
		{name: "all: another's pick", route: defaultBy("192.0.2.2"), instance: "B", number: all, dst: "192.0.2.10", want: "B 0"},
		{name: "all: an address that is gone is not picked", route: defaultBy("198.51.100.9"), instance: "B", number: all, dst: "192.0.2.10", want: "B 0"},
		{name: "all: picked though the interface is said to be down", route: defaultBy("203.0.113.2"), instance: "host", number: all, dst: "192.0.2.10", want: "host 5"},
		{name: "all: only from one source", route: onlyFrom("198.51.100.2"), instance: "host", number: all, dst: "192.0.2.10", want: "host 1"},
		{name: "all: nearest of the own", route: defaultBy("10.0.0.9"), instance: "host", number: all, dst: "198.51.100.10", want: "host 1"},
		{name: "all: no route", route: noWay, instance: "B", number: all, dst: "192.0.2.10", code: isdsc.ConnectionFailed, says: "route to 192.0.2.10"},
		{name: "all: no address of the family", route: onlyFrom("192.0.2.2"), instance: "B", number: all, dst: "2001:db8::10", code: isdsc.ConnectionFailed, says: "route to 2001:db8::10"},
		{name: "all: link-local", route: defaultBy("fe80::2%eth0"), instance: "host", number: all, dst: "fe80::10%eth0", want: "host 3"},
		{name: "all: link-local of the only link", route: noWayWithout(), instance: "B", number: all, dst: "fe80::10", want: "B 2"},
		{name: "all: link-local of any link", route: defaultBy("fe80::2%eth0"), instance: "host", number: all, dst: "fe80::10", code: isdsc.ConnectionFailed, says: "fe80::10%eth0 or fe80::10%eth1"},

		{name: "any: each that has a route", route: defaultBy("192.0.2.2"), number: all, dst: "192.0.2.10", want: "host 0, B 0"},
		{name: "any: no source twice", route: defaultBy("198.51.100.2"), number: all, dst: "192.0.2.10", want: "host 1"},
		{name: "any: IPv6 is host's alone", route: defaultBy("2001:db8::2"), number: all, dst: "2001:db8::10", want: "host 2"},
		{name: "any: nobody", route: noWay, number: all, dst: "192.0.2.10", code: isdsc.ConnectionFailed, says: "host: none has a route"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			route := tt.route
			if route == nil {
				route = noWay
			}
			ports, err := selection(route).Select(t.Context(), tt.instance, tt.number, netip.MustParseAddr(tt.dst))
			scene.WantCode(t, err, tt.code)
			if got := names(ports); got != tt.want {
				t.Errorf("ports %q, want %q", got, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %q does not say %q", err, tt.says)
			}
			// Routes come and go; the rest does not change by itself.
			if got := initiator.Retryable(err); got != (tt.code == isdsc.ConnectionFailed && strings.Contains(tt.says, "route")) {
				t.Errorf("%v: retryable %t", err, got)
			}
		})
	}
}

// noWayWithout knows routes to link-local addresses that have a zone.
func noWayWithout() func(source, dst netip.Addr) (string, error) {
	return func(source, dst netip.Addr) (string, error) {
		if dst.Zone() == "" || !source.IsValid() {
			return "", errNoRoute
		}
		return source.String(), nil
	}
}

// names returns ports as "instance number, …".
func names(ports []ports.Port) string {
	var all []string
	for _, p := range ports {
		all = append(all, p.Instance+" "+p.Number.String())
	}
	return strings.Join(all, ", ")
}

// TestSelectNothing: a selector that knows no instance.
func TestSelectNothing(t *testing.T) {
	t.Parallel()
	s := &ports.Selector{Route: selection(noWay).Route}
	for _, instance := range []string{"", "host"} {
		_, err := s.Select(t.Context(), instance, ports.All, netip.MustParseAddr("192.0.2.10"))
		want := isdsc.ConnectionFailed
		if instance != "" {
			want = isdsc.InitiatorInstanceNotFound
		}
		scene.WantCode(t, err, want)
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		route    func(source, dst netip.Addr) (string, error)
		instance string
		dst      string
		want     string
		code     uint32
	}{
		{name: "all instances, no address twice", dst: "192.0.2.10", want: "host 0, host 1"},
		{name: "one", instance: "b", dst: "192.0.2.10", want: "B 0"},
		{name: "IPv6", dst: "2001:db8::10", want: "host 2"},
		{name: "this host", dst: "127.0.0.1", want: "host 6"},
		{name: "any link", dst: "fe80::10", want: "host 3, host 4"},
		{name: "one link", dst: "fe80::10%eth1", want: "host 4"},
		{name: "only from one source", route: onlyFrom("198.51.100.2"), dst: "192.0.2.10", want: "host 1"},
		{name: "from none", route: noWay, dst: "192.0.2.10", code: isdsc.ConnectionFailed},
		{name: "of no family", instance: "b", dst: "2001:db8::10", code: isdsc.ConnectionFailed},
		{name: "unknown", instance: "hba", dst: "192.0.2.10", code: isdsc.InitiatorInstanceNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			route := tt.route
			if route == nil {
				route = defaultBy("192.0.2.2")
			}
			ports, err := selection(route).Each(t.Context(), tt.instance, netip.MustParseAddr(tt.dst))
			scene.WantCode(t, err, tt.code)
			if got := names(ports); got != tt.want {
				t.Errorf("ports %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := selection(noWay)
	for _, tt := range []struct{ instance, addr, want string }{
		{"", "198.51.100.2", "host 1"},
		{"b", "198.51.100.2", "B 0"},
		{"b", "198.51.100.9", "B 1"}, // gone, which its state tells
		{"b", "192.0.2.2", ""},
		{"", "fe80::3%eth1", "host 4"},
		{"", "fe80::3%eth0", ""},
		{"", "192.0.2.99", ""},
		{"hba", "192.0.2.2", ""},
	} {
		p, ok := s.Find(tt.instance, netip.MustParseAddr(tt.addr))
		got := ""
		if ok {
			got = names([]ports.Port{p})
		}
		if got != tt.want {
			t.Errorf("%s of %q: got %q, want %q", tt.addr, tt.instance, got, tt.want)
		}
	}
}

// TestSelectorUnchanged: to ask changes nothing that the caller owns.
func TestSelectorUnchanged(t *testing.T) {
	t.Parallel()
	s := selection(defaultBy("192.0.2.2"))
	before := slices.Clone(s.Ports)
	for _, dst := range []string{"192.0.2.10", "fe80::10", "2001:db8::10"} {
		_, _ = s.Select(t.Context(), "", ports.All, netip.MustParseAddr(dst))
		_, _ = s.Each(t.Context(), "", netip.MustParseAddr(dst))
	}
	if !slices.Equal(before, s.Ports) {
		t.Errorf("ports %v, want %v", s.Ports, before)
	}
}
