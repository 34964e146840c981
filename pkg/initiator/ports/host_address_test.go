package ports_test

import (
	"net"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// TestHostAddresses: what holds of every host; test/network has hosts of its own.
func TestHostAddresses(t *testing.T) {
	t.Parallel()
	host, err := ports.Addresses()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[ports.Address]bool)
	loopback := false
	for _, a := range host {
		if seen[a] {
			t.Errorf("%+v comes twice", a)
		}
		seen[a] = true
		if a.Addr.Is4In6() || a.Interface == "" {
			t.Errorf("address %+v", a)
		}
		if zone, local := a.Addr.Zone(), a.Addr.Is6() && a.Addr.IsLinkLocalUnicast(); local && zone != a.Interface || !local && zone != "" {
			t.Errorf("zone of %+v", a)
		}
		i, err := net.InterfaceByName(a.Interface)
		if err != nil {
			continue // it has gone meanwhile
		}
		if is := i.Flags&net.FlagLoopback != 0; loopback && !is {
			t.Errorf("%+v comes after the loopback interface", a)
		} else {
			loopback = is
		}
	}
}
