package ipsec_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// discover asks the target of a world under what the enforcer finds.
func (w *world) discover(ctx context.Context, e enforce.Enforcer, change func(*initiator.SendTargetPortal)) (initiator.Result, error) {
	d := initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host1", Timeout: limit, Enforcer: e}
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: w.portal.Addr().String(), Port: w.portal.Port()}, Source: w.source}
	if change != nil {
		change(&p)
	}
	return d.Discover(ctx, p)
}

// TestInPlaceWithoutAssociation: a policy of the host wants IPsec, and nobody
// negotiates keys. The portal is not asked, the flags notwithstanding, and the
// error says why.
func TestInPlaceWithoutAssociation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		v6   bool
		tmpl string
	}{
		{name: "transport", tmpl: "transport"},
		{name: "tunnel", tmpl: "tunnel"},
		{name: "transport, IPv6", v6: true, tmpl: "transport"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.v6)
			addPolicies(t, w, rule{dir: out, tmpl: tt.tmpl}, rule{dir: in, tmpl: tt.tmpl})
			tap := w.tap(t)
			r, err := w.discover(t.Context(), &xfrm.Enforcer{Wait: time.Millisecond}, func(p *initiator.SendTargetPortal) { p.Security = ipsec.FlagValid })
			if got := initiator.Code(err); got != isdsc.FailedToConfigureIPsec {
				t.Errorf("got %v (%s), want %s", err, isdsc.Name(got), isdsc.Name(isdsc.FailedToConfigureIPsec))
			}
			var none *xfrm.NoAssociationError
			if !errors.As(err, &none) {
				t.Errorf("got %v, want a NoAssociationError", err)
			}
			if !r.IPsec.InPlace() || r.Proof != nil {
				t.Errorf("got plan %+v and proof %v, want a plan that is in place and no proof", r.IPsec, r.Proof)
			}
			tap.wantSilence(t)
		})
	}
}

// TestBlockedByPolicy: who forbids the connection is told.
func TestBlockedByPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	addPolicies(t, w, rule{dir: out, block: true})
	tap := w.tap(t)
	_, err := w.discover(t.Context(), &xfrm.Enforcer{}, nil)
	var blocked *xfrm.BlockedError
	if !errors.As(err, &blocked) || initiator.Code(err) != isdsc.FailedToConfigureIPsec {
		t.Errorf("got %v (%s), want a BlockedError", err, isdsc.Name(initiator.Code(err)))
	}
	tap.wantSilence(t)
}

// TestPlanNeedsKeys: xfrm alone negotiates none, and says so before anything is
// sent.
func TestPlanNeedsKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	tap := w.tap(t)
	e := &xfrm.Enforcer{}
	_, err := e.Dialer(t.Context(), enforce.Request{Plan: ipsec.Plan{IPsec: true, Mode: ipsec.TransportMode}, Source: w.source, Portal: w.portal, PSK: enforce.PSK{Secret: auth.NewSecret([]byte(hostKey))}})
	var unsupported *ipsec.UnsupportedError
	if !errors.As(err, &unsupported) || initiator.Code(err) != isdsc.RequestNotSupported {
		t.Errorf("got %v (%s), want an UnsupportedError", err, isdsc.Name(initiator.Code(err)))
	}
	tap.wantSilence(t)
}

// TestNothingInPlace: where there are no policies the portal is asked in clear
// text, as its flags say, and that it is so is known.
func TestNothingInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	r, err := w.discover(t.Context(), &xfrm.Enforcer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Targets) != 1 || r.Targets[0].Name != disk {
		t.Errorf("got targets %v, want %s", r.Targets, disk)
	}
	if r.IPsec.IPsec || r.IPsec.Existing.Kind != ipsec.ExistingNone {
		t.Errorf("got plan %+v, want none, and that none exists", r.IPsec)
	}
}
