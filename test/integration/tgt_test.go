package integration

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/targets"
)

var (
	oneWay = targets.CHAP{User: "disc", Secret: "secret-secret12"}
	mutual = targets.CHAP{User: "disc", Secret: "secret-secret12", TargetUser: "tgtout", TargetSecret: "outsecret-1234"}
)

func TestTgt(t *testing.T) {
	t.Parallel()
	g := targets.StartTgt(t, targets.TgtConfig{Targets: targets.Names("tgt", 3), LUN: true})
	r := discover(t, at(g.Portals[0], targets.CHAP{}))
	same(t, everywhere(g.Targets, "1", g.Portals[0]), portals(r))
	t.Run("as iscsi-ls sees it", func(t *testing.T) {
		same(t, targets.IscsiLs(t, g.URL()), portals(r))
	})
}

// TestTgtPortals: tgt lists the address that was connected to, and no other.
func TestTgtPortals(t *testing.T) {
	t.Parallel()
	need.IPv6(t)
	g := targets.StartTgt(t, targets.TgtConfig{Addrs: []netip.Addr{loopback4, another4, loopback6}, Targets: targets.Names("tgt", 2)})
	for _, portal := range g.Portals {
		same(t, everywhere(g.Targets, "1", portal), portals(discover(t, at(portal, targets.CHAP{}))))
	}
}

// TestTgtSource: a target that shows itself to one address is seen from that
// address and from no other.
func TestTgtSource(t *testing.T) {
	t.Parallel()
	names := targets.Names("tgt", 2)
	g := targets.StartTgt(t, targets.TgtConfig{Targets: names, Initiators: map[string][]string{names[1]: {"127.0.0.7"}}})
	p := at(g.Portals[0], targets.CHAP{})
	same(t, everywhere(names[:1], "1", g.Portals[0]), portals(discover(t, p)))
	p.Source = netip.MustParseAddr("127.0.0.7")
	r := discover(t, p)
	same(t, everywhere(names, "1", g.Portals[0]), portals(r))
	if r.Source != p.Source {
		t.Errorf("source %s, want %s", r.Source, p.Source)
	}
}

// TestTgtEmpty: nothing for this initiator is an answer, not an error.
func TestTgtEmpty(t *testing.T) {
	t.Parallel()
	names := targets.Names("tgt", 1)
	g := targets.StartTgt(t, targets.TgtConfig{Targets: names, Initiators: map[string][]string{names[0]: {"192.0.2.1"}}})
	if r := discover(t, at(g.Portals[0], targets.CHAP{})); len(r.Targets) != 0 {
		t.Errorf("targets %v, want none", r.Targets)
	}
}

func TestTgtCHAP(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		has, give targets.CHAP
		change    func(*login.Options)
		status    pdu.Status // where the target is to refuse
		code      uint32
		text      string // of the error
		warning   initiator.WarningCode
	}{
		{name: "one-way", has: oneWay, give: oneWay, warning: initiator.WarnCHAPFallback},
		{name: "mutual", has: mutual, give: mutual, warning: initiator.WarnCHAPFallback},
		{name: "md5 first", has: mutual, give: mutual, change: func(o *login.Options) {
			o.CHAPAlgorithms = []auth.Algorithm{auth.MD5, auth.SHA256}
		}},
		{name: "no fallback", has: oneWay, give: oneWay, status: pdu.StatusInitiatorError, code: isdsc.InitiatorError, change: func(o *login.Options) {
			o.NoCHAPFallback = true
		}},
		{name: "wrong secret", has: oneWay, give: targets.CHAP{User: "disc", Secret: "another-secret"},
			status: pdu.StatusAuthFailure, code: isdsc.AuthenticationFailure, text: ": refused with SHA-256 (0x0200), and with MD5: target refused: authentication failure (0x0201)"},
		{name: "wrong target secret", has: mutual, give: targets.CHAP{User: "disc", Secret: "secret-secret12", TargetUser: "tgtout", TargetSecret: "another-secret"},
			code: isdsc.AuthenticationFailure},
		{name: "mutual that the target does not do", has: oneWay, give: mutual, status: pdu.StatusAuthFailure, code: isdsc.AuthenticationFailure},
		{name: "nothing given", has: oneWay, status: pdu.StatusAuthFailure, code: isdsc.AuthenticationFailure},
		{name: "CHAP that is not wanted", give: oneWay, status: pdu.StatusAuthFailure, code: isdsc.AuthenticationFailure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := targets.StartTgt(t, targets.TgtConfig{Discovery: tt.has})
			p := at(g.Portals[0], tt.give)
			if tt.change != nil {
				tt.change(&p.Login)
			}
			r, err := newDiscoverer().Discover(t.Context(), p)
			if got := initiator.Code(err); got != tt.code {
				t.Fatalf("code %s, want %s: %v", isdsc.Name(got), isdsc.Name(tt.code), err)
			}
			var login *pdu.LoginError
			if errors.As(err, &login); tt.status != 0 && (login == nil || login.Status != tt.status) {
				t.Errorf("error %v, want status %s", err, tt.status)
			}
			if err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q in it", err, tt.text)
			}
			if err != nil {
				if len(r.Targets) != 0 {
					t.Errorf("targets %v", r.Targets)
				}
				return
			}
			same(t, everywhere(g.Targets, "1", g.Portals[0]), portals(r))
			if r.Auth.Mutual != (tt.give.TargetUser != "") {
				t.Errorf("authentication %+v", r.Auth)
			}
			if got := len(r.Warnings) == 1 && r.Warnings[0].Code == tt.warning; got != (tt.warning != "") {
				t.Errorf("warnings %v", r.Warnings)
			}
		})
	}
}

// TestTgtDigest: tgt answers None in discovery, also to an offer without it.
func TestTgtDigest(t *testing.T) {
	t.Parallel()
	g := targets.StartTgt(t, targets.TgtConfig{})
	p := at(g.Portals[0], targets.CHAP{})
	p.Login.Specified = login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
	p.Login.HeaderDigest, p.Login.DataDigest = login.DigestPreferCRC32C, login.DigestPreferCRC32C
	discover(t, p)
	p.Login.HeaderDigest = login.DigestCRC32C
	_, err := newDiscoverer().Discover(t.Context(), p)
	var negotiation *pdu.NegotiationError
	if !errors.As(err, &negotiation) || negotiation.Key != pdu.KeyHeaderDigest {
		t.Errorf("error %v", err)
	}
}

// TestTgtThousand: a list that tgt cuts in the middle of records.
func TestTgtThousand(t *testing.T) {
	t.Parallel()
	g := targets.StartTgt(t, targets.TgtConfig{Targets: targets.Names("tgt", 1000)})
	same(t, everywhere(g.Targets, "1", g.Portals[0]), portals(discover(t, at(g.Portals[0], targets.CHAP{}))))
}
