package ports_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// TestPlace: a source address stands for its port, and is refused where the port is, since
// the instance no longer has the address, or dst has the other family.
func TestPlace(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddr
	s := &ports.Selector{
		Instances: []string{ports.Host, "Lab"},
		Ports: []ports.Port{
			{Instance: ports.Host, Number: ports.N(0), Address: at("192.0.2.254"), State: ports.Up},
			{Instance: "Lab", Number: ports.N(3), Address: at("192.0.2.253"), State: ports.Up},
			{Instance: "Lab", Number: ports.N(4), Address: at("192.0.2.252"), State: ports.Gone},
		},
	}
	portal, none := at("192.0.2.10"), netip.Addr{}
	for _, tt := range []struct {
		name        string
		instance    string
		number      ports.Number
		source, dst netip.Addr
		want        string // instance and number
		code        uint32
	}{
		{name: "any", number: ports.All, dst: portal, want: " all"},
		{name: "an instance", instance: "lAB", number: ports.All, dst: portal, want: "Lab all"},
		{name: "a number", instance: "lab", number: ports.N(3), dst: portal, want: "Lab 3"},
		{name: "a source of the host", number: ports.All, source: at("192.0.2.254"), dst: portal, want: "host 0"},
		{name: "a source of an instance", instance: "lab", number: ports.All, source: at("::ffff:192.0.2.253"), dst: portal, want: "Lab 3"},
		{name: "no such instance", instance: "other", number: ports.All, dst: portal, code: isdsc.InitiatorInstanceNotFound},
		{name: "no such number", instance: "lab", number: ports.N(9), dst: portal, code: isdsc.InvalidPortNumber},
		{name: "a source of another instance", instance: "lab", number: ports.All, source: at("192.0.2.254"), dst: portal, code: isdsc.InvalidPortNumber},
		{name: "a number that is gone", instance: "lab", number: ports.N(4), dst: portal, code: isdsc.InvalidPortNumber},
		{name: "a source that is gone", instance: "lab", number: ports.All, source: at("192.0.2.252"), dst: portal, code: isdsc.InvalidPortNumber},
		{name: "a number of the other family", instance: "lab", number: ports.N(3), dst: at("2001:db8::10"), code: isdsc.AddressTypeNotSupported},
		{name: "a source of the other family", instance: "lab", number: ports.All, source: at("192.0.2.253"), dst: at("2001:db8::10"), code: isdsc.AddressTypeNotSupported},
		{name: "a name that is not looked up", instance: "lab", number: ports.N(3), dst: none, want: "Lab 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			instance, number, err := s.Place(tt.instance, tt.number, tt.source, tt.dst)
			if code := initiator.Code(err); code != tt.code || (err == nil) != (tt.code == 0) {
				t.Fatalf("got %v (%s), want %s", err, isdsc.Name(code), isdsc.Name(tt.code))
			}
			if got := instance + " " + number.String(); err == nil && got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
