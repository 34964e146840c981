package initiator_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// confused is a target that takes the algorithm alone, computes something else
// under it, and so refuses the response with a status. tgt does that with 7.
func confused(algorithm string, status pdu.Status) *iscsitest.Target {
	return &iscsitest.Target{
		User: chapUser, Secret: "another-secret-12", Algorithm: algorithm,
		Respond: func(_, response pdu.PDU) iscsitest.Step {
			m := response.(*pdu.LoginResponse)
			if m.Status != pdu.StatusAuthFailure {
				return nil
			}
			return iscsitest.Send(&pdu.LoginResponse{Status: status})
		},
	}
}

// TestFallback: only where a target chose SHA-256 and then refused our response
// in one of two ways, MD5 alone is tried once more.
func TestFallback(t *testing.T) {
	t.Parallel()
	md5 := &iscsitest.Target{User: chapUser, Secret: chapSecret, Algorithm: "5"}
	lengthError := outcome{stage: initiator.StageLogin, code: initiator.CodeInitiatorError, text: "tgt computes SHA-1"}
	refused := outcome{stage: initiator.StageLogin, code: initiator.CodeAuthenticationFailure, text: "authentication failure (0x0201)"}
	tests := []struct {
		name   string
		first  *iscsitest.Target
		then   iscsitest.Handler
		change func(o *initiator.LoginOptions)
		offers []string // CHAP_A of each session
		want   outcome
	}{
		{name: "0201", first: confused("7", 0x0201), then: md5, offers: []string{"8,7,6,5", "5"}},
		{name: "0200", first: confused("7", 0x0200), then: md5, offers: []string{"8,7,6,5", "5"}},
		{name: "0201 twice", first: confused("7", 0x0201), then: confused("5", 0x0201), offers: []string{"8,7,6,5", "5"}, want: refused},
		{name: "0200, then 0201", first: confused("7", 0x0200), then: confused("5", 0x0201), offers: []string{"8,7,6,5", "5"}, want: refused},
		{name: "0201, then 0202", first: confused("7", 0x0201), then: confused("5", 0x0202), offers: []string{"8,7,6,5", "5"}, want: refused},
		{name: "0201, then silence", first: confused("7", 0x0201), then: iscsitest.Script{iscsitest.Silence()}, offers: []string{"8,7,6,5", ""}, want: refused},
		{name: "0201, then sent elsewhere", first: confused("7", 0x0201), then: sends("192.0.2.2"), offers: []string{"8,7,6,5", ""}, want: refused},
		{name: "0200, then another algorithm", first: confused("7", 0x0200), then: &iscsitest.Target{User: chapUser, Secret: chapSecret, Algorithm: "7"}, offers: []string{"8,7,6,5", "5"}, want: outcome{stage: initiator.StageLogin, code: initiator.CodeAuthenticationFailure}},
		{name: "SHA3-256 chosen", first: confused("8", 0x0201), then: md5, offers: []string{"8,7,6,5"}, want: refused},
		{name: "SHA-1 chosen", first: confused("6", 0x0201), then: md5, offers: []string{"8,7,6,5"}, want: refused},
		{name: "MD5 chosen", first: confused("5", 0x0201), then: md5, offers: []string{"8,7,6,5"}, want: refused},
		{name: "0202", first: confused("7", 0x0202), then: md5, offers: []string{"8,7,6,5"}, want: outcome{stage: initiator.StageLogin, code: initiator.CodeAuthorizationFailure}},
		{name: "0300", first: confused("7", 0x0300), then: md5, offers: []string{"8,7,6,5"}, want: outcome{stage: initiator.StageLogin, code: initiator.CodeTargetError, retry: true}},
		{name: "forbidden", first: confused("7", 0x0200), then: md5, offers: []string{"8,7,6,5"}, want: lengthError, change: func(o *initiator.LoginOptions) { o.NoCHAPFallback = true }},
		{name: "MD5 not offered", first: confused("7", 0x0200), then: md5, offers: []string{"7,6"}, want: lengthError, change: func(o *initiator.LoginOptions) {
			o.CHAPAlgorithms = []auth.Algorithm{auth.SHA256, auth.SHA1}
		}},
		{name: "MD5 offered last of two", first: confused("7", 0x0201), then: md5, offers: []string{"7,5", "5"}, change: func(o *initiator.LoginOptions) {
			o.CHAPAlgorithms = []auth.Algorithm{auth.SHA256, auth.MD5}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				p := withCHAP(portal(n, where, tt.first, tt.then), chapUser, chapSecret)
				if tt.change != nil {
					tt.change(&p.Login)
				}
				r, took := discover(t, d, p)
				judge(t, r.Err, tt.want)
				if _, silent := tt.then.(iscsitest.Script); !silent && took != 0 || took > d.Timeout {
					t.Errorf("it took %s", took)
				}
				var offers []string
				for _, s := range n.Sessions(netip.MustParseAddrPort(where)) {
					offer, _ := s.Key("CHAP_A")
					offers = append(offers, offer)
				}
				if diff := cmp.Diff(tt.offers, offers); diff != "" {
					t.Errorf("offers (-want +got):\n%s", diff)
				}
				worked := r.Err == nil
				if (warned(r, initiator.WarnCHAPFallback) == 1) != worked || worked && r.Auth.Algorithm != auth.MD5 {
					t.Errorf("outcome %+v, warnings %v", r.Auth, r.Warnings)
				}
			})
		})
	}
}

// TestFallbackRedirected: after a redirection nothing is tried again.
func TestFallbackRedirected(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := withCHAP(portal(n, where, sends("192.0.2.1:3261")), chapUser, chapSecret)
		n.Portal("192.0.2.1:3261", confused("7", 0x0201))
		r, _ := discover(t, d, p)
		judge(t, r.Err, outcome{stage: initiator.StageLogin, code: initiator.CodeAuthenticationFailure})
		if len(n.Dials()) != 2 {
			t.Errorf("dials %v", n.Dials())
		}
	})
}

// TestFallbackOnce: a second try is made once for a portal, not once for each of
// its addresses, and one that failed says nothing of an address that works.
func TestFallbackOnce(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Lookup = lookup("192.0.2.1", "192.0.2.2", "192.0.2.3")
		n.Portal("192.0.2.1:3260", confused("7", 0x0201), confused("5", 0x0201))
		n.Portal("192.0.2.2:3260", confused("7", 0x0201), confused("5", 0x0201))
		n.Portal("192.0.2.3:3260", &iscsitest.Target{User: chapUser, Secret: chapSecret})
		r, _ := discover(t, d, withCHAP(named, chapUser, chapSecret))
		judge(t, r.Err, outcome{})
		if len(n.Dials()) != 4 || warned(r, initiator.WarnCHAPFallback) != 0 || r.Auth.Algorithm != auth.SHA3_256 {
			t.Errorf("dials %v, warnings %v, outcome %+v", n.Dials(), r.Warnings, r.Auth)
		}
	})
}

// TestFallbackCancelled: whoever stops the second try hears of that, not of the
// first error.
func TestFallbackCancelled(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := d.Discover(ctx, withCHAP(portal(n, where, confused("7", 0x0201), iscsitest.Script{iscsitest.Silence()}), chapUser, chapSecret))
		if judge(t, err, outcome{stage: initiator.StageLogin, code: initiator.CodeWin32Cancelled}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}
