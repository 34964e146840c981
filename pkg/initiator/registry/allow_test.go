package registry_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestAllow: Config.Allow is asked before a connection to where a redirection leads, of an
// entry and under Rules, and not of the portal itself.
func TestAllow(t *testing.T) {
	t.Parallel()
	there := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.example:a"}}})
	here := iscsitest.Listen(t, &iscsitest.Target{Redirect: there.Addr.String() + ",1"})
	for _, refusal := range []error{nil, errors.New("not this one")} {
		var asked []netip.AddrPort
		d := &initiator.Discoverer{InitiatorName: "iqn.2026-11.example:i"}
		s, err := registry.Open(registry.Config{Store: &memstore.Store{}, Discoverer: d, Allow: func(dst netip.AddrPort) error {
			asked = append(asked, dst)
			return refusal
		}})
		if err != nil {
			t.Fatal(err)
		}
		p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: here.Addr.Addr().String(), Port: here.Addr.Port()}}
		r, _ := s.AddSendTargetPortal(t.Context(), p)
		rules, err := s.Rules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d = &initiator.Discoverer{InitiatorName: "iqn.2026-11.example:i", Rules: rules}
		scanned, _ := d.Discover(t.Context(), p)
		for _, r := range []initiator.Result{r, scanned} {
			switch {
			case refusal == nil && (r.Err != nil || r.TargetsFound != 1):
				t.Errorf("got %d targets, %v", r.TargetsFound, r.Err)
			case refusal != nil && (!errors.Is(r.Err, refusal) || !strings.Contains(r.Err.Error(), there.Addr.String())):
				t.Errorf("got %v, want %v", r.Err, refusal)
			}
		}
		for _, dst := range asked {
			if dst != there.Addr {
				t.Errorf("it was asked of %s", dst)
			}
		}
		if len(asked) < 2 {
			t.Errorf("it was asked %d times, want once for each session", len(asked))
		}
	}
}
