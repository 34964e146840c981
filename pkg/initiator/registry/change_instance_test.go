package registry_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// TestChangeInstance (issue 13, 5): what is made of an instance starts from what is
// stored, also where another process changes it at the same time; AddInstance replaces
// all of it.
func TestChangeInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := ports.Instance{Name: "san", NodeName: "iqn.2026-11.com.example:a", Interfaces: []string{"eth0"}}
	if err := w.AddInstance(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	calls := 0
	now, err := w.ChangeInstance(t.Context(), "SAN", func(old *ports.Instance) ports.Instance {
		if calls++; calls == 1 { // another process is ahead
			other := first
			other.Interfaces = []string{"eth1"}
			if err := w.AddInstance(t.Context(), other); err != nil {
				t.Error(err)
			}
		}
		i := *old
		i.Addresses = []netip.Addr{netip.MustParseAddr("192.0.2.2")}
		return i
	})
	want := ports.Instance{Name: "SAN", NodeName: first.NodeName, Interfaces: []string{"eth1"}, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.2")}}
	if err != nil || calls != 2 || !cmp.Equal(now, want, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })) {
		t.Errorf("got %+v, %v after %d calls, want %+v", now, err, calls, want)
	}
	if _, err := w.ChangeInstance(t.Context(), "host", func(*ports.Instance) ports.Instance { return first }); initiator.Code(err) != isdsc.InvalidParameter {
		t.Errorf("the built-in one: got %v", err)
	}
}
