package registry_test

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// hostAddresses are those of the host on which golden registries are made, in the order in
// which it gave them numbers.
var hostAddresses = []string{"127.0.0.1", "192.0.2.1", "2001:db8::10", "2001:db8::1", "::1"}

// longInstance is an instance by which keys of targets become too long.
var longInstance = strings.Repeat("ü", 90)

func wantInstances(recent bool) []ports.Instance {
	all := []ports.Instance{{Name: "host"}}
	if recent {
		all = append(all, ports.Instance{Name: longInstance}, ports.Instance{Name: "Case", NodeName: "iqn.2026-11.com.example:Case"})
	}
	return append(all,
		ports.Instance{Name: "lab/1", Interfaces: []string{"lo"}},
		ports.Instance{Name: "San", NodeName: "iqn.2026-11.com.example:san", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}},
	)
}

// wantPorts are the numbers of addresses, by instance.
func wantPorts(recent bool) map[string][]string {
	var all []string
	for i, a := range hostAddresses {
		all = append(all, fmt.Sprintf("%d %s", i, a))
	}
	numbers := map[string][]string{"host": all, "lab/1": all, "San": {"0 192.0.2.1", "1 2001:db8::1"}}
	if recent {
		numbers["Case"], numbers[longInstance] = all, all
	}
	return numbers
}

func wantPolicies(recent bool) []registry.Policy {
	all := []registry.Policy{{"2001:db8:1::1/128", 0x43}, {"203.0.113.0/24", 0x37}, {"203.0.113.10:3260", 0x01}}
	if recent {
		all = append(all, registry.Policy{Selector: "fe80::10%lo", Flags: 0x23})
	}
	return append(all, registry.Policy{Selector: "tag=7", Flags: 0x23})
}

var wantKeys = []registry.IKEInfo{
	{ID: "198.51.100.20", Flags: 0x33},
	{ID: "198.51.100.20", Instance: "San"},
	{ID: "array.example", Instance: "San", Port: ports.N(0), KeyRef: "cred:psk"},
	{ID: "group"},
	{ID: "user@array.example", Flags: 0x23},
}

var wantTunnels = []registry.TunnelAddress{
	{Destination: netip.MustParseAddr("198.51.100.11"), Outer: netip.MustParseAddr("203.0.113.1")},
	{Instance: "San", Port: ports.N(0), Destination: netip.MustParseAddr("198.51.100.11"), Outer: netip.MustParseAddr("203.0.113.2")},
	{Destination: netip.MustParseAddr("2001:db8:2::1"), Outer: netip.MustParseAddr("2001:db8:3::1")},
}

// wantRemembered are the flags by which portals are asked that are added without, since
// they had them before, or a key has them; the last one gets the default.
func wantRemembered(recent bool) map[string]ipsec.Flags {
	all := map[string]ipsec.Flags{
		"192.0.2.32": 0x01, "198.51.100.10": 0x37, "198.51.100.11": 0x43, "198.51.100.20": 0x33, "198.51.100.99": 0x27,
	}
	if recent {
		all["198.51.100.12"], all["198.51.100.13"] = 0x2b, 0x23
	}
	return all
}

// wantSecrets are the secrets, by what they are bound to.
func wantSecrets(recent bool) map[string]string {
	const chap, target, psk = "secret-secret12", "outsecret-1234", "preshared key"
	all := map[string]string{
		"portal/192.0.2.22/03260//4294967295 target-password":    target,
		"portal/192.0.2.26/03260/san/0000000000 password":        chap,
		"portal/192.0.2.26/03260/san/0000000000 target-password": target,
		"portal/192.0.2.20/03260/san/4294967295 password":        chap,
		"portal/198.51.100.10/03260//4294967295 ipsec-key":       psk,
		"psk/198.51.100.20//4294967295 ipsec-key":                psk,
		"psk/198.51.100.20/san/4294967295 ipsec-key":             "another key",
		"psk/group//4294967295 ipsec-key":                        psk,
		"psk/user@array.example//4294967295 ipsec-key":           psk,
		"setting/chap-secret password":                           "initiator-secret",
	}
	numbers := []int{20, 22, 23, 24, 25, 27}
	if recent {
		numbers = append(numbers, 30)
		all["portal/192.0.2.28/03260//4294967295 password"] = "short"
	}
	for _, n := range numbers {
		all[fmt.Sprintf("portal/192.0.2.%d/03260//4294967295 password", n)] = chap
	}
	bound := make(map[string]string)
	for place, secret := range all {
		bound[strings.Replace(place, " ", "\x00", 1)+"\x00v1"] = secret
	}
	return bound
}

// A recorder is a Sealer that notes what it seals, by context.
type recorder map[string]string

func (r recorder) Seal(s auth.Secret, context string) ([]byte, error) {
	r[context] = string(s.Reveal())
	return []byte("-"), nil
}

func (r recorder) Open([]byte, string) (auth.Secret, error) { panic("nothing is opened") }
