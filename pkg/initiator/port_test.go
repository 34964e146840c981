package initiator

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// up returns an address of an interface that is up: "eth0 192.0.2.2".
func up(s string) ports.Address {
	name, addr, _ := strings.Cut(s, " ")
	return ports.Address{Addr: netip.MustParseAddr(addr), Interface: name, Up: true}
}

func down(s string) ports.Address {
	a := up(s)
	a.Up = false
	return a
}

func passing(s string) ports.Address {
	a := up(s)
	a.Passing = true
	return a
}

// before returns the ports that addresses were, numbered from zero.
func before(addrs ...string) []ports.Port {
	var from []ports.Port
	for i, a := range addrs {
		from = append(from, ports.Port{Number: ports.N(uint32(i)), Address: netip.MustParseAddr(a)})
	}
	return from
}

func TestNumberPorts(t *testing.T) {
	t.Parallel()
	addrs := func(list ...string) []netip.Addr {
		var all []netip.Addr
		for _, a := range list {
			all = append(all, netip.MustParseAddr(a))
		}
		return all
	}
	tests := []struct {
		name   string
		i      ports.Instance
		before []ports.Port
		host   []ports.Address
		want   []string // number, address, interface, state
	}{
		{name: "nothing"},
		{
			name: "new, in the order of the host",
			host: []ports.Address{up("eth1 198.51.100.2"), up("eth0 192.0.2.2"), down("lo ::1")},
			want: []string{"0 198.51.100.2 eth1 up", "1 192.0.2.2 eth0 up", "2 ::1 lo down"},
		},
		{
			name:   "known ones keep their numbers, new ones follow",
			before: before("192.0.2.2", "192.0.2.3"),
			host:   []ports.Address{up("eth0 192.0.2.1"), up("eth0 192.0.2.3"), up("eth0 192.0.2.2")},
			want:   []string{"0 192.0.2.2 eth0 up", "1 192.0.2.3 eth0 up", "2 192.0.2.1 eth0 up"},
		},
		{
			name:   "gone ones keep theirs, too",
			before: before("192.0.2.2", "192.0.2.3"),
			host:   []ports.Address{up("eth0 192.0.2.4")},
			want:   []string{"0 192.0.2.2  gone", "1 192.0.2.3  gone", "2 192.0.2.4 eth0 up"},
		},
		{
			name:   "a gap is not filled",
			before: []ports.Port{{Number: ports.N(7), Address: netip.MustParseAddr("192.0.2.2")}},
			host:   []ports.Address{up("eth0 192.0.2.1"), up("eth0 192.0.2.2")},
			want:   []string{"7 192.0.2.2 eth0 up", "8 192.0.2.1 eth0 up"},
		},
		{
			name: "those that pass get none",
			host: []ports.Address{passing("eth0 2001:db8::1"), up("eth0 2001:db8::2")},
			want: []string{"0 2001:db8::2 eth0 up"},
		},
		{
			name:   "those that begin to pass keep theirs",
			before: before("2001:db8::1"),
			host:   []ports.Address{passing("eth0 2001:db8::1")},
			want:   []string{"0 2001:db8::1 eth0 up"},
		},
		{
			name: "one address of two interfaces is one port, up if one is",
			host: []ports.Address{down("eth0 192.0.2.2"), up("eth1 192.0.2.2"), up("eth2 192.0.2.2")},
			want: []string{"0 192.0.2.2 eth1 up"},
		},
		{
			name:   "which stays the same port",
			before: before("192.0.2.2"),
			host:   []ports.Address{down("eth0 192.0.2.2"), down("eth1 192.0.2.2")},
			want:   []string{"0 192.0.2.2 eth0 down"},
		},
		{
			name: "one link-local address on two links is two ports",
			host: []ports.Address{up("eth0 fe80::1%eth0"), up("eth1 fe80::1%eth1")},
			want: []string{"0 fe80::1%eth0 eth0 up", "1 fe80::1%eth1 eth1 up"},
		},
		{
			name: "by interface",
			i:    ports.Instance{Interfaces: []string{"eth1", "eth9"}},
			host: []ports.Address{up("eth0 192.0.2.2"), up("eth1 198.51.100.2"), up("eth1 fe80::1%eth1")},
			want: []string{"0 198.51.100.2 eth1 up", "1 fe80::1%eth1 eth1 up"},
		},
		{
			name: "by address",
			i:    ports.Instance{Addresses: addrs("198.51.100.2", "2001:db8::9", "fe80::1", "fe80::2%eth1")},
			host: []ports.Address{
				up("eth0 192.0.2.2"), up("eth1 198.51.100.2"), up("eth0 fe80::1%eth0"), up("eth1 fe80::1%eth1"),
				up("eth0 fe80::2%eth0"), up("eth1 fe80::2%eth1"),
			},
			want: []string{"0 198.51.100.2 eth1 up", "1 fe80::1%eth0 eth0 up", "2 fe80::1%eth1 eth1 up", "3 fe80::2%eth1 eth1 up"},
		},
		{
			name: "by either",
			i:    ports.Instance{Interfaces: []string{"eth0"}, Addresses: addrs("198.51.100.2")},
			host: []ports.Address{up("eth0 192.0.2.2"), up("eth1 198.51.100.2"), up("eth1 198.51.100.3")},
			want: []string{"0 192.0.2.2 eth0 up", "1 198.51.100.2 eth1 up"},
		},
		{
			name:   "what the instance lost is gone for it",
			i:      ports.Instance{Interfaces: []string{"eth1"}},
			before: before("192.0.2.2", "198.51.100.2"),
			host:   []ports.Address{up("eth0 192.0.2.2"), up("eth1 198.51.100.2")},
			want:   []string{"0 192.0.2.2  gone", "1 198.51.100.2 eth1 up"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.i.Name, tt.i.NodeName = "hba", "iqn.2026-11.com.example:hba"
			var got []string
			for _, p := range ports.NumberPorts(&tt.i, tt.before, tt.host) {
				if p.Instance != tt.i.Name || p.NodeName != tt.i.NodeName {
					t.Errorf("port %+v is not of the instance", p)
				}
				got = append(got, strings.Join([]string{p.Number.String(), p.Address.String(), p.Interface, p.State.String()}, " "))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
		})
	}
}
