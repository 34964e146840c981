package initiator_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A wideEnforcer is one whose proofs have a warning.
type wideEnforcer struct{ scene.FakeEnforcer }

func (e *wideEnforcer) Dialer(ctx context.Context, s enforce.Request) (enforce.Dialer, error) {
	d, err := e.FakeEnforcer.Dialer(ctx, s)
	return wideDialer{d}, err
}

type wideDialer struct{ enforce.Dialer }

func (d wideDialer) Proof(ctx context.Context) (enforce.Proof, error) {
	p, err := d.Dialer.Proof(ctx)
	p.Warnings = []ipsec.Warning{{Code: enforce.WarnWideSelectors, Message: "they are 100% wide"}}
	return p, err
}

// TestProofWarning (issue 18): a warning of a proof is one of the result.
func TestProofWarning(t *testing.T) {
	t.Parallel()
	n := iscsitest.NewNetwork(t)
	n.Portal("192.0.2.10:3260", &iscsitest.Target{})
	d := &initiator.Discoverer{
		InitiatorName: "iqn.2026-11.com.example:host1", Dial: n.Dial, PSK: scene.GroupKey,
		Enforcer: &wideEnforcer{scene.FakeEnforcer{Network: n}},
	}
	p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
	p.Security = 0x27
	r, err := d.Discover(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := []initiator.Warning{{Code: initiator.WarnWideSelectors, Message: "they are 100% wide"}}
	if diff := cmp.Diff(want, r.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}
