package initiator_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestShortSecrets: below 12 bytes a secret is taken without IPsec where the user
// says so, with a warning each time that does not tell the length.
func TestShortSecrets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		ours   string
		theirs string // of the target; empty: it does not have to prove itself
		short  bool   // short ones are taken
		strict bool
		wrong  bool // the target has another secret
		warn   bool
		code   uint32
	}{
		{name: "12 bytes", ours: "twelve-bytes", short: true},
		{name: "11 bytes", ours: "eleven-byte", short: true, warn: true},
		{name: "1 byte", ours: "x", short: true, warn: true},
		{name: "both", ours: "x", theirs: "y", short: true, warn: true},
		{name: "the target's alone", ours: "twelve-bytes", theirs: "eleven-byte", short: true, warn: true},
		{name: "neither", ours: "twelve-bytes", theirs: "another-twelve", short: true},
		{name: "equal", ours: "x", theirs: "x", short: true, code: isdsc.InvalidCHAPSecret},
		{name: "refused by the target", ours: "x", short: true, wrong: true, warn: true, code: isdsc.AuthenticationFailure},
		{name: "not taken", ours: "eleven-byte", code: isdsc.InvalidTargetCHAPSecret},
		{name: "the target's is not taken", ours: "twelve-bytes", theirs: "eleven-byte", code: isdsc.InvalidInitiatorCHAPSecret},
		{name: "strict", ours: "eleven-byte", short: true, strict: true, code: isdsc.InvalidTargetCHAPSecret},
		{name: "none", short: true, code: isdsc.InvalidTargetCHAPSecret},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Strict = tt.strict
				target := &iscsitest.Target{User: scene.CHAPUser, Secret: tt.ours, MutualUser: scene.TargetUser, MutualSecret: tt.theirs, Records: scene.Records(scene.Disk1)}
				if tt.wrong {
					target.Secret = "another"
				}
				p := scene.WithCHAP(scene.Portal(n, scene.Where, target), scene.CHAPUser, tt.ours)
				if tt.theirs != "" {
					p = scene.WithMutualCHAP(p, scene.TargetUser, tt.theirs)
				}
				p.Login.ShortSecrets = tt.short
				r, _ := discover(t, d, p)
				scene.WantCode(t, r.Err, tt.code)
				judgeShort(t, r, tt.warn)
				sent := len(n.Dials()) > 0
				if refused := tt.code != 0 && !tt.wrong; sent == refused {
					t.Errorf("dials %v", n.Dials())
				}
				hint := !tt.short && tt.code != 0
				if r.Err != nil && strings.Contains(r.Err.Error(), "--short-secrets (login.Options.ShortSecrets)") != hint {
					t.Errorf("error %v", r.Err)
				}
				if r.Err == nil && (!r.Auth.Done || r.Auth.Mutual != (tt.theirs != "")) {
					t.Errorf("outcome %+v", r.Auth)
				}
			})
		})
	}
}

// judgeShort holds the warnings of a result against whether a short secret was used.
func judgeShort(t *testing.T, r initiator.Result, want bool) {
	t.Helper()
	n := 0
	if want {
		n = 1
	}
	if scene.Warned(r, initiator.WarnShortSecret) != n {
		t.Errorf("warnings %v, want %d about short secrets", r.Warnings, n)
	}
	for _, w := range r.Warnings {
		const text = "a CHAP secret is shorter than 12 bytes, and IPsec does not protect the connection: an eavesdropper can guess the secret from the login"
		if w.Code == initiator.WarnShortSecret && w.Message != text {
			t.Errorf("got %q, want what does not depend on the length", w.Message)
		}
	}
}

// TestShortSecretsProtected: under IPsec there is nothing to warn of, with or
// without the option; where a redirection leads to another host there is no secret.
func TestShortSecretsProtected(t *testing.T) {
	t.Parallel()
	for _, short := range []bool{false, true} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Enforcer, d.PSK = &scene.FakeEnforcer{Network: n}, scene.GroupKey
			p := scene.WithCHAP(scene.Portal(n, scene.Where, &iscsitest.Target{User: scene.CHAPUser, Secret: "x"}), scene.CHAPUser, "x")
			p.Source, p.Security, p.Login.ShortSecrets = netip.MustParseAddr("192.0.2.254"), ipsec.FlagValid|ipsec.FlagIKE, short
			r, _ := discover(t, d, p)
			scene.Judge(t, r.Err, scene.Outcome{})
			judgeShort(t, r, false)
		})
	}
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.WithCHAP(scene.Portal(n, scene.Where, scene.Sends("192.0.2.2")), scene.CHAPUser, "x")
		n.Portal("192.0.2.2:3260", &iscsitest.Target{})
		p.Login.ShortSecrets = true
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		judgeShort(t, r, true) // it was offered to the first
		if r.Auth.Method != "None" {
			t.Errorf("outcome %+v", r.Auth)
		}
	})
}

// TestShortSecretsOnce: several addresses make one warning.
func TestShortSecretsOnce(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Lookup = scene.Lookup("192.0.2.1", "192.0.2.2")
		target := &iscsitest.Target{User: scene.CHAPUser, Secret: "x"}
		n.Portal("192.0.2.1:3260", &iscsitest.Target{Status: 0x0301})
		n.Portal("192.0.2.2:3260", target)
		p := scene.WithCHAP(named, scene.CHAPUser, "x")
		p.Login.ShortSecrets = true
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		judgeShort(t, r, true)
	})
}
