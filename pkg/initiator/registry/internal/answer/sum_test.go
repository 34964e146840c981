package answer_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/answer"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// TestSums: each target has a sum of its own, as long as what is stored of it is the same.
func TestSums(t *testing.T) {
	t.Parallel()
	a := target.Address{Host: "192.0.2.10", Port: 3260, Group: 1}
	unusable := a
	unusable.Unusable = target.LoopbackAddress
	at, elsewhere := netip.MustParseAddrPort("192.0.2.10:3260"), netip.MustParseAddrPort("192.0.2.11:3260")
	sum := func(about string, at netip.AddrPort, of target.Target) string {
		s := answer.NewSums([]byte(about), at)
		s.Append(nil, &target.Target{Name: "another"}) // which leaves nothing behind
		return string(s.Append([]byte("sum:"), &of))
	}
	seen := make(map[string]string)
	for _, tt := range []struct {
		name, about string
		at          netip.AddrPort
		of          target.Target
	}{
		{"usual", "p", at, target.Target{Name: "iqn.x:1", Addresses: []target.Address{a}}},
		{"another name", "p", at, target.Target{Name: "iqn.x:2", Addresses: []target.Address{a}}},
		{"an alias", "p", at, target.Target{Name: "iqn.x:1", Alias: "one", Addresses: []target.Address{a}}},
		{"two addresses", "p", at, target.Target{Name: "iqn.x:1", Addresses: []target.Address{a, a}}},
		{"an address that cannot be used", "p", at, target.Target{Name: "iqn.x:1", Addresses: []target.Address{unusable}}},
		{"the same at another", "p", elsewhere, target.Target{Name: "iqn.x:1", Addresses: []target.Address{unusable}}},
		{"of another portal", "q", at, target.Target{Name: "iqn.x:1", Addresses: []target.Address{a}}},
	} {
		got := sum(tt.about, tt.at, tt.of)
		if other, ok := seen[got]; ok || len(got) != len("sum:")+22 {
			t.Errorf("%s has the sum %q, as has %q", tt.name, got, other)
		}
		if again := sum(tt.about, tt.at, tt.of); again != got {
			t.Errorf("%s: %q, and then %q", tt.name, got, again)
		}
		seen[got] = tt.name
	}
	usual := target.Target{Name: "iqn.x:1", Addresses: []target.Address{a}}
	if sum("p", at, usual) != sum("p", elsewhere, usual) {
		t.Error("the address in use counts though all addresses can be used")
	}
}
