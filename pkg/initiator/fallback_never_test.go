package initiator_test

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestFallbackNever: where the algorithm is not at fault, or MD5 is not to be used,
// there is no second try, and the error is the plain one.
func TestFallbackNever(t *testing.T) {
	t.Parallel()
	ends := map[string]iscsitest.Step{
		"0201": refusal(0x0201), "0200": refusal(0x0200), "closed": iscsitest.Close(), "closed within a PDU": closeWithinPDU(),
		"rejected": reply("0", "CHAP_A=Reject"), "response rejected": reply("0", "CHAP_R=Reject"),
	}
	type scenario struct {
		first  iscsitest.Handler
		change func(o *login.Options)
	}
	algorithms := func(list ...auth.Algorithm) func(*login.Options) {
		return func(o *login.Options) { o.CHAPAlgorithms = list }
	}
	off := func(o *login.Options) { o.NoCHAPFallback = true }
	all := map[string]scenario{
		"list, 0202":            {first: atKey("CHAP_A", "", refusal(0x0202))},
		"list, 0203":            {first: atKey("CHAP_A", "", refusal(0x0203))},
		"list, 0300":            {first: atKey("CHAP_A", "", refusal(0x0300))},
		"list, silence":         {first: atKey("CHAP_A", "", iscsitest.Silence())},
		"response, 0202":        {first: confused("7", 0x0202)},
		"response, 0300":        {first: confused("7", 0x0300)},
		"response, silence":     {first: atKey("CHAP_R", "8", iscsitest.Silence())},
		"no challenge":          {first: atKey("CHAP_A", "", reply("0"))},
		"no CHAP_C":             {first: atKey("CHAP_A", "", reply("0", "CHAP_A=8", "CHAP_I=1"))},
		"another algorithm":     {first: atKey("CHAP_A", "", reply("0", "CHAP_A=9", "CHAP_I=1", "CHAP_C=0x00112233"))},
		"algorithm 0":           {first: atKey("CHAP_A", "", reply("0", "CHAP_A=0", "CHAP_I=1", "CHAP_C=0x00112233"))},
		"CHAP skipped":          {first: atKey("CHAP_A", "", reply("0>1"))},
		"another PDU":           {first: atKey("CHAP_A", "", iscsitest.Send(&pdu.Reject{}))},
		"method refused":        {first: atKey("AuthMethod", "", reply("0", "AuthMethod=Reject"))},
		"method, silence":       {first: atKey("AuthMethod", "", iscsitest.Silence())},
		"no proof, one-way key": {first: atKey("CHAP_R", "8", reply("0>1", "CHAP_N=x"))},
	}
	for name, end := range ends {
		all["method, "+name] = scenario{first: atKey("AuthMethod", "", end)}
		all["MD5 chosen, "+name] = scenario{first: atKey("CHAP_R", "5", end)}
		all["operational stage, "+name] = scenario{first: atKey("HeaderDigest", "8", end)}
		all["after an answer to the response, "+name] = scenario{first: atKey("CHAP_R", "8", iscsitest.Steps(reply("0"), iscsitest.Check(func(*pdu.LoginRequest) error { return nil }), end))}
		all["list, fallback off, "+name] = scenario{first: atKey("CHAP_A", "", end), change: off}
		all["response, fallback off, "+name] = scenario{first: atKey("CHAP_R", "8", end), change: off}
		all["list without MD5, "+name] = scenario{first: atKey("CHAP_A", "", end), change: algorithms(auth.SHA256, auth.SHA1)}
		all["response without MD5, "+name] = scenario{first: atKey("CHAP_R", "7", end), change: algorithms(auth.SHA256, auth.SHA1)}
		all["list of MD5, "+name] = scenario{first: atKey("CHAP_A", "", end), change: algorithms(auth.MD5)}
		all["list of one, "+name] = scenario{first: atKey("CHAP_A", "", end), change: algorithms(auth.SHA256)}
	}
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				p := scene.OneWay(scene.Portal(n, scene.Where, s.first, scene.CHAPTarget("")))
				if s.change != nil {
					s.change(&p.Login)
				}
				r, _ := discover(t, d, p)
				var both *initiator.CHAPFallbackError
				if r.Err == nil || errors.As(r.Err, &both) || len(n.Dials()) != 1 || len(r.Warnings) > 0 {
					t.Errorf("%d connections, warnings %v, error %v", len(n.Dials()), r.Warnings, r.Err)
				}
			})
		})
	}
}

// TestFallbackWhileSending: a connection that breaks while we send was closed before
// the target had read that, so it answers nothing.
func TestFallbackWhileSending(t *testing.T) {
	t.Parallel()
	broken := &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.ECONNRESET)}
	for sent := range 500 {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			tapped(d, tap{read: plenty, write: sent, err: broken})
			r, _ := discover(t, d, scene.OneWay(scene.Portal(n, scene.Where, scene.CHAPTarget(""))))
			var both *initiator.CHAPFallbackError
			if r.Err == nil || errors.As(r.Err, &both) || len(n.Dials()) != 1 {
				t.Errorf("after %d bytes: %d connections, error %v", sent, len(n.Dials()), r.Err)
			}
		})
	}
}

// TestFallbackMutual: the second try demands the target's proof as the first did,
// and a target that does not prove itself in the first gets no second.
func TestFallbackMutual(t *testing.T) {
	t.Parallel()
	oneWayOnly := atKey("CHAP_R", "5", reply("0>1")) // logs in, proves nothing
	unproved := &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, MutualUser: scene.TargetUser, MutualSecret: "not-the-secret-1"}
	tests := []struct {
		name     string
		handlers []iscsitest.Handler
		dials    int
		text     string
	}{
		{name: "no proof in the second", handlers: []iscsitest.Handler{confused("8", 0x0201), oneWayOnly}, dials: 2, text: "and with MD5: CHAP: the target did not authenticate: CHAP_N is missing"},
		{name: "a wrong proof in the second", handlers: []iscsitest.Handler{confused("8", 0x0201), unproved}, dials: 2, text: "and with MD5: CHAP: the target did not authenticate: CHAP_R is wrong"},
		{name: "CHAP not done in the second", handlers: []iscsitest.Handler{confused("8", 0x0201), &iscsitest.Target{}}, dials: 2, text: "and with MD5: target refused"},
		{name: "None in the second", handlers: []iscsitest.Handler{confused("8", 0x0201), atKey("AuthMethod", "", reply("0", "AuthMethod=None"))}, dials: 2, text: "and with MD5: AuthMethod: we offered CHAP, the target chose None"},
		{name: "a wrong proof in the first", handlers: []iscsitest.Handler{unproved, scene.CHAPTarget("")}, dials: 1, text: "CHAP_R is wrong"},
		{name: "no proof in the first", handlers: []iscsitest.Handler{atKey("CHAP_R", "8", reply("0>1")), scene.CHAPTarget("")}, dials: 1, text: "CHAP_N is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, _ := discover(t, d, scene.Mutual(scene.Portal(n, scene.Where, tt.handlers...)))
				scene.Judge(t, r.Err, badCHAP(tt.text))
				if len(n.Dials()) != tt.dials || r.Auth.Mutual || len(r.Targets) != 0 {
					t.Errorf("%d connections, outcome %+v", len(n.Dials()), r.Auth)
				}
			})
		})
	}
}

// TestFallbackRedirected: after a redirection nothing is tried again, and a second
// try follows one like any other.
func TestFallbackRedirected(t *testing.T) {
	t.Parallel()
	const there, elsewhere = "192.0.2.1:3261", "192.0.2.2:3260"
	tests := []struct {
		name    string
		first   []iscsitest.Handler // at where
		host    string              // of the second
		second  iscsitest.Handler
		dials   int
		hops    int
		offers  []string // there
		warned  int
		want    scene.Outcome
		noCreds int
	}{
		{name: "before", first: []iscsitest.Handler{scene.Sends(there)}, host: there, second: confused("7", 0x0201), dials: 2, hops: 1, offers: []string{"8,7,6,5"},
			want: badCHAP("check the CHAP name and secret (--chap-user, --chap-secret); if they are right, the algorithm may be at fault (tgt computes SHA-1 under SHA-256's number): try MD5 alone (--chap-algorithms md5)")},
		{name: "in the second try", first: []iscsitest.Handler{confused("7", 0x0201), scene.Sends(there)}, host: there, second: scene.CHAPTarget(""), dials: 3, hops: 1, offers: []string{"5"}, warned: 1},
		{name: "in the second try, refused there", first: []iscsitest.Handler{confused("7", 0x0201), scene.Sends(there)}, host: there, second: confused("5", 0x0201), dials: 3, hops: 1, offers: []string{"5"}, want: badCHAP("refused with SHA-256, and with MD5")},
		{name: "in the second try, to another host", first: []iscsitest.Handler{confused("7", 0x0201), scene.Sends(elsewhere)}, host: elsewhere, second: &iscsitest.Target{}, dials: 3, hops: 1, offers: []string{""}, noCreds: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				p := scene.OneWay(scene.Portal(n, scene.Where, tt.first...))
				n.Portal(tt.host, tt.second)
				r, _ := discover(t, d, p)
				scene.Judge(t, r.Err, tt.want)
				if len(n.Dials()) != tt.dials || len(r.Redirects) != tt.hops || !slices.Equal(chapOffers(n, tt.host), tt.offers) {
					t.Errorf("dials %v, hops %v, offers %q", n.Dials(), r.Redirects, chapOffers(n, tt.host))
				}
				if scene.Warned(r, initiator.WarnCHAPFallback) != tt.warned || scene.Warned(r, initiator.WarnNoCredentials) != tt.noCreds {
					t.Errorf("warnings %v", r.Warnings)
				}
			})
		})
	}
}

// TestFallbackOnce: a second try is made once for a portal, not once for each of
// its addresses, and one that failed says nothing of an address that works.
func TestFallbackOnce(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Lookup = scene.Lookup("192.0.2.1", "192.0.2.2", "192.0.2.3")
		n.Portal("192.0.2.1:3260", confused("7", 0x0201), confused("5", 0x0201))
		n.Portal("192.0.2.2:3260", confused("7", 0x0201), confused("5", 0x0201))
		n.Portal("192.0.2.3:3260", &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret})
		r, _ := discover(t, d, scene.WithCHAP(named, scene.CHAPUser, scene.CHAPSecret))
		scene.Judge(t, r.Err, scene.Outcome{})
		if len(n.Dials()) != 4 || scene.Warned(r, initiator.WarnCHAPFallback) != 0 || r.Auth.Algorithm != auth.SHA3_256 {
			t.Errorf("dials %v, warnings %v, outcome %+v", n.Dials(), r.Warnings, r.Auth)
		}
		if len(r.Warnings) != 2 || !strings.Contains(r.Warnings[0].Message, "refused with SHA-256, and with MD5") || strings.Contains(r.Warnings[1].Message, "and with MD5") {
			t.Errorf("warnings %v", r.Warnings)
		}
	})
}
