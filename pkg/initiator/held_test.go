package initiator_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestHeld: what an open connection to the same portal makes of another one.
// Protection of ours is a rule for it; what is in place is found again, and needs
// no key.
func TestHeld(t *testing.T) {
	t.Parallel()
	const rule, protection = ipsec.ExistingRule, ipsec.ExistingProtection
	for _, tt := range []struct {
		name          string
		existing      ipsec.Existing
		first, second ipsec.Flags
		want          ipsec.ExistingKind
		mode          ipsec.Mode
		after         ipsec.ExistingKind // when none is open
	}{
		{name: "ours", first: 0x37, second: 0x01, want: rule, mode: ipsec.TransportMode},
		{name: "clear text", first: 0x01, second: 0x27, mode: ipsec.TransportMode},
		{name: "in place", existing: ipsec.Existing{Kind: protection, Name: "policy", Flags: 0x21}, second: 0x47, want: protection, mode: ipsec.TransportMode, after: protection},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := iscsitest.NewNetwork(t)
			addr := n.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)})
			d := &initiator.Discoverer{
				InitiatorName: "iqn.2026-11.com.example:host1", Dial: n.Dial, PSK: scene.GroupKey,
				Enforcer: &scene.FakeEnforcer{Found: tt.existing, Network: n},
			}
			ask := func(flags ipsec.Flags) initiator.Result {
				p := scene.At(addr)
				p.Security, p.Source = flags, netip.MustParseAddr("192.0.2.1")
				r, err := d.Discover(t.Context(), p)
				if err != nil {
					t.Error(err)
				}
				return r
			}
			var inner initiator.Result
			asked := false
			d.Trace = func(e initiator.TraceEvent) {
				if _, ok := e.PDU.(*pdu.TextRequest); ok && !asked {
					asked = true
					inner = ask(tt.second)
				}
			}
			ask(tt.first)
			if got := inner.IPsec; got.Existing.Kind != tt.want || got.Mode != tt.mode {
				t.Errorf("while one is open: got %s, by %s; want %s, by %s", got.Existing, got.Mode, tt.want, tt.mode)
			}
			if got := ask(0).IPsec.Existing.Kind; got != tt.after {
				t.Errorf("when none is open: got %s, want %s", got, tt.after)
			}
		})
	}
}

// A messyEnforcer leaves something behind.
type messyEnforcer struct{ scene.FakeEnforcer }

func (e *messyEnforcer) Dialer(ctx context.Context, s enforce.Request) (enforce.Dialer, error) {
	d, err := e.FakeEnforcer.Dialer(ctx, s)
	return messyDialer{d}, err
}

type messyDialer struct{ enforce.Dialer }

func (messyDialer) Close() error { return errors.New("a key is left in the daemon") }

// TestLeftover: what an enforcer could not take away is told with the failure.
func TestLeftover(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		there bool
	}{
		{name: "nobody there"},
		{name: "no proof", there: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := iscsitest.NewNetwork(t)
			if tt.there {
				n.Portal("192.0.2.10:3260", &iscsitest.Target{})
			}
			d := &initiator.Discoverer{
				InitiatorName: "iqn.2026-11.com.example:host1", Dial: n.Dial, PSK: scene.GroupKey,
				Enforcer: &messyEnforcer{scene.FakeEnforcer{Network: n, NoBytes: true}},
			}
			p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
			p.Security = 0x27
			r, err := d.Discover(t.Context(), p)
			if err == nil {
				t.Fatal("no error")
			}
			want := []initiator.Warning{{Code: initiator.WarnLeftover, Message: "a key is left in the daemon"}}
			if diff := cmp.Diff(want, r.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
