package integration

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/targets"
)

// TestPreferred: portals with and without CHAP are asked alike where it is
// preferred, and the result tells which happened. A wrong secret is a failure all
// the same.
func TestPreferred(t *testing.T) {
	t.Parallel()
	tgt := func(t *testing.T, has targets.CHAP) netip.AddrPort {
		return targets.StartTgt(t, targets.TgtConfig{Discovery: has}).Portals[0]
	}
	istgt := func(t *testing.T, has targets.CHAP) netip.AddrPort {
		return targets.StartIstgt(t, targets.IstgtConfig{Discovery: has}).Portals[0]
	}
	gotgt := func(t *testing.T, _ targets.CHAP) netip.AddrPort {
		return targets.StartGotgt(t, targets.GotgtConfig{}).Portals[0]
	}
	wrong := targets.CHAP{User: "disc", Secret: "another-secret"}
	chap, none := auth.Outcome{Method: "CHAP", Algorithm: auth.MD5}, auth.Outcome{Method: "None"}
	done := auth.Outcome{Method: "CHAP", Algorithm: auth.MD5, Done: true}
	tests := []struct {
		name      string
		start     func(*testing.T, targets.CHAP) netip.AddrPort
		has, give targets.CHAP
		auth      auth.Outcome
		code      uint32
		warned    bool // of the second try with MD5
	}{
		{name: "tgt without", start: tgt, give: oneWay, auth: none},
		{name: "tgt with CHAP", start: tgt, has: oneWay, give: oneWay, auth: done, warned: true},
		{name: "tgt with CHAP, wrong secret", start: tgt, has: oneWay, give: wrong, auth: chap, code: isdsc.AuthenticationFailure},
		{name: "istgt without", start: istgt, give: oneWay, auth: none},
		{name: "istgt with CHAP", start: istgt, has: oneWay, give: oneWay, auth: done},
		{name: "istgt with CHAP, wrong secret", start: istgt, has: oneWay, give: wrong, auth: chap, code: isdsc.AuthenticationFailure},
		// It goes on without an answer to AuthMethod.
		{name: "gotgt", start: gotgt, give: oneWay, code: isdsc.AuthenticationFailure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := at(tt.start(t, tt.has), tt.give)
			p.Login.CHAPPolicy = login.CHAPPreferred
			r, err := newDiscoverer().Discover(t.Context(), p)
			if got := initiator.Code(err); got != tt.code || r.Auth != tt.auth {
				t.Errorf("code %s, want %s; authentication %+v, want %+v: %v", isdsc.Name(got), isdsc.Name(tt.code), r.Auth, tt.auth, err)
			}
			if (err == nil) != (len(r.Targets) == 1) || (len(r.Warnings) == 1) != tt.warned {
				t.Errorf("targets %v, warnings %v", r.Targets, r.Warnings)
			}
		})
	}
}
