package initiator

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// up returns an address of an interface that is up: "eth0 192.0.2.2".
func up(s string) HostAddress {
	name, addr, _ := strings.Cut(s, " ")
	return HostAddress{Addr: netip.MustParseAddr(addr), Interface: name, Up: true}
}

func down(s string) HostAddress {
	a := up(s)
	a.Up = false
	return a
}

func passing(s string) HostAddress {
	a := up(s)
	a.Passing = true
	return a
}

// before returns the ports that addresses were, numbered from zero.
func before(addrs ...string) []Port {
	var ports []Port
	for i, a := range addrs {
		ports = append(ports, Port{Number: Number(uint32(i)), Address: netip.MustParseAddr(a)})
	}
	return ports
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
		i      Instance
		before []Port
		host   []HostAddress
		want   []string // number, address, interface, state
	}{
		{name: "nothing"},
		{
			name: "new, in the order of the host",
			host: []HostAddress{up("eth1 198.51.100.2"), up("eth0 192.0.2.2"), down("lo ::1")},
			want: []string{"0 198.51.100.2 eth1 up", "1 192.0.2.2 eth0 up", "2 ::1 lo down"},
		},
		{
			name:   "known ones keep their numbers, new ones follow",
			before: before("192.0.2.2", "192.0.2.3"),
			host:   []HostAddress{up("eth0 192.0.2.1"), up("eth0 192.0.2.3"), up("eth0 192.0.2.2")},
			want:   []string{"0 192.0.2.2 eth0 up", "1 192.0.2.3 eth0 up", "2 192.0.2.1 eth0 up"},
		},
		{
			name:   "gone ones keep theirs, too",
			before: before("192.0.2.2", "192.0.2.3"),
			host:   []HostAddress{up("eth0 192.0.2.4")},
			want:   []string{"0 192.0.2.2  gone", "1 192.0.2.3  gone", "2 192.0.2.4 eth0 up"},
		},
		{
			name:   "a gap is not filled",
			before: []Port{{Number: Number(7), Address: netip.MustParseAddr("192.0.2.2")}},
			host:   []HostAddress{up("eth0 192.0.2.1"), up("eth0 192.0.2.2")},
			want:   []string{"7 192.0.2.2 eth0 up", "8 192.0.2.1 eth0 up"},
		},
		{
			name: "those that pass get none",
			host: []HostAddress{passing("eth0 2001:db8::1"), up("eth0 2001:db8::2")},
			want: []string{"0 2001:db8::2 eth0 up"},
		},
		{
			name:   "those that begin to pass keep theirs",
			before: before("2001:db8::1"),
			host:   []HostAddress{passing("eth0 2001:db8::1")},
			want:   []string{"0 2001:db8::1 eth0 up"},
		},
		{
			name: "one address of two interfaces is one port, up if one is",
			host: []HostAddress{down("eth0 192.0.2.2"), up("eth1 192.0.2.2"), up("eth2 192.0.2.2")},
			want: []string{"0 192.0.2.2 eth1 up"},
		},
		{
			name:   "which stays the same port",
			before: before("192.0.2.2"),
			host:   []HostAddress{down("eth0 192.0.2.2"), down("eth1 192.0.2.2")},
			want:   []string{"0 192.0.2.2 eth0 down"},
		},
		{
			name: "one link-local address on two links is two ports",
			host: []HostAddress{up("eth0 fe80::1%eth0"), up("eth1 fe80::1%eth1")},
			want: []string{"0 fe80::1%eth0 eth0 up", "1 fe80::1%eth1 eth1 up"},
		},
		{
			name: "by interface",
			i:    Instance{Interfaces: []string{"eth1", "eth9"}},
			host: []HostAddress{up("eth0 192.0.2.2"), up("eth1 198.51.100.2"), up("eth1 fe80::1%eth1")},
			want: []string{"0 198.51.100.2 eth1 up", "1 fe80::1%eth1 eth1 up"},
		},
		{
			name: "by address",
			i:    Instance{Addresses: addrs("198.51.100.2", "2001:db8::9", "fe80::1", "fe80::2%eth1")},
			host: []HostAddress{
				up("eth0 192.0.2.2"), up("eth1 198.51.100.2"), up("eth0 fe80::1%eth0"), up("eth1 fe80::1%eth1"),
				up("eth0 fe80::2%eth0"), up("eth1 fe80::2%eth1"),
			},
			want: []string{"0 198.51.100.2 eth1 up", "1 fe80::1%eth0 eth0 up", "2 fe80::1%eth1 eth1 up", "3 fe80::2%eth1 eth1 up"},
		},
		{
			name: "by either",
			i:    Instance{Interfaces: []string{"eth0"}, Addresses: addrs("198.51.100.2")},
			host: []HostAddress{up("eth0 192.0.2.2"), up("eth1 198.51.100.2"), up("eth1 198.51.100.3")},
			want: []string{"0 192.0.2.2 eth0 up", "1 198.51.100.2 eth1 up"},
		},
		{
			name:   "what the instance lost is gone for it",
			i:      Instance{Interfaces: []string{"eth1"}},
			before: before("192.0.2.2", "198.51.100.2"),
			host:   []HostAddress{up("eth0 192.0.2.2"), up("eth1 198.51.100.2")},
			want:   []string{"0 192.0.2.2  gone", "1 198.51.100.2 eth1 up"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.i.Name, tt.i.NodeName = "hba", "iqn.2026-11.com.example:hba"
			var got []string
			for _, p := range numberPorts(&tt.i, tt.before, tt.host) {
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
