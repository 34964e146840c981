//go:build linux

package lio

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

const (
	user, secret             = "disc", "secret-secret12"
	targetUser, targetSecret = "tgtout", "outsecret-1234"
)

// oneWay returns login options with which we prove ourselves.
func oneWay() (o login.Options) {
	o.UseCHAP(user, auth.NewSecret([]byte(secret)))
	return o
}

// mutual returns login options with which LIO has to, too.
func mutual() (o login.Options) {
	o.UseMutualCHAP(user, auth.NewSecret([]byte(secret)), targetUser, auth.NewSecret([]byte(targetSecret)))
	return o
}

// testCHAP: every algorithm, both ways, and the one that is chosen of all.
func (w *world) testCHAP(t *testing.T) {
	defer w.lio.Open(t)
	w.lio.MutualCHAP(t, user, secret, targetUser, targetSecret)
	ways := []struct {
		name    string
		options func() login.Options
	}{{"one-way", oneWay}, {"mutual", mutual}}
	algorithms := []struct {
		name  string
		offer []auth.Algorithm
		want  auth.Algorithm
	}{
		{"MD5", []auth.Algorithm{auth.MD5}, auth.MD5},
		{"SHA-1", []auth.Algorithm{auth.SHA1}, auth.SHA1},
		{"SHA-256", []auth.Algorithm{auth.SHA256}, auth.SHA256},
		{"SHA3-256", []auth.Algorithm{auth.SHA3_256}, auth.SHA3_256},
		{"all", nil, auth.SHA3_256},
		{"the weaker first", []auth.Algorithm{auth.SHA1, auth.SHA256}, auth.SHA1},
	}
	for _, way := range ways {
		for _, algorithm := range algorithms {
			t.Run(way.name+" "+algorithm.name, func(t *testing.T) {
				p := at(w.portals()[0])
				p.Login = way.options()
				p.Login.CHAPAlgorithms = algorithm.offer
				r := discover(t, p)
				same(t, everywhere(w.names, w.portals()...), found(r))
				if r.Auth.Algorithm != algorithm.want || r.Auth.Mutual != (way.name == "mutual") {
					t.Errorf("authentication %+v", r.Auth)
				}
			})
		}
	}
}

// testOptionalCHAP: where LIO knows a secret but does not insist, both ways work,
// and the result tells which was gone.
func (w *world) testOptionalCHAP(t *testing.T) {
	defer w.lio.Open(t)
	w.lio.OptionalCHAP(t, user, secret)
	p := at(w.portals()[0])
	if r := discover(t, p); r.Auth.Algorithm != 0 {
		t.Errorf("authentication %+v, want none", r.Auth)
	}
	p.Login = oneWay()
	if r := discover(t, p); r.Auth.Algorithm == 0 {
		t.Errorf("authentication %+v, want CHAP", r.Auth)
	}
}

// testPreferredCHAP: what LIO makes of CHAP,None. It chooses CHAP where it knows a
// secret, enforced or not, and also where it knows none, and then refuses.
func (w *world) testPreferredCHAP(t *testing.T) {
	defer w.lio.Open(t)
	chap := auth.Outcome{Method: "CHAP", Algorithm: auth.SHA3_256, Done: true}
	tests := []struct {
		name string
		set  func()
		auth auth.Outcome
		text string // of the error; empty: it works
	}{
		{name: "enforced", set: func() { w.lio.CHAP(t, user, secret) }, auth: chap},
		{name: "not enforced", set: func() { w.lio.OptionalCHAP(t, user, secret) }, auth: chap},
		{
			name: "not set up", set: func() { w.lio.Open(t) }, auth: auth.Outcome{Method: "CHAP"},
			text: "refused with the list SHA3-256,SHA-256,SHA-1,MD5, and with MD5: target refused: authentication failure (0x0201); " +
				"check the CHAP name and secret (--chap-user, --chap-secret), and whether CHAP is set up for discovery at the portal (LIO chooses CHAP even if it is not set up)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.set()
			p := at(w.portals()[0])
			p.Login = oneWay()
			p.Login.CHAPPolicy = login.CHAPPreferred
			r, err := newDiscoverer().Discover(t.Context(), p)
			if tt.text == "" && err != nil || tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
				t.Errorf("got  %v\nwant %s", err, tt.text)
			}
			if r.Auth != tt.auth || err == nil && len(r.Targets) != len(w.names) {
				t.Errorf("authentication %+v, targets %v", r.Auth, r.Targets)
			}
		})
	}
}

// testCHAPName: LIO takes a name that begins like a binary value for one, and
// refuses it whatever the secret is.
func (w *world) testCHAPName(t *testing.T) {
	defer w.lio.Open(t)
	for _, name := range []string{"0xdisc", "0Xdisc", "0bdisc"} {
		w.lio.CHAP(t, name, secret)
		p := at(w.portals()[0])
		p.Login = oneWay()
		p.Login.Username = name
		_, err := newDiscoverer().Discover(t.Context(), p)
		if initiator.Code(err) != isdsc.AuthenticationFailure || !strings.Contains(err.Error(), "LIO misreads a CHAP name that begins with 0x or 0b") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// testCHAPRefused: if either side, LIO or we, is not convinced, there is no list.
func (w *world) testCHAPRefused(t *testing.T) {
	defer w.lio.Open(t)
	const (
		open = iota
		optional
		asksCHAP
		provesItself
	)
	tests := []struct {
		name   string
		lio    int
		login  login.Options
		change func(*login.Options)
		status pdu.Status // where LIO is the one to refuse
	}{
		{name: "nothing given", lio: asksCHAP, status: pdu.StatusAuthFailure},
		{name: "wrong secret", lio: asksCHAP, login: oneWay(), status: pdu.StatusAuthFailure, change: func(o *login.Options) {
			o.Password = auth.NewSecret([]byte("another-secret"))
		}},
		{name: "wrong user", lio: asksCHAP, login: oneWay(), status: pdu.StatusAuthFailure, change: func(o *login.Options) {
			o.Username = "another"
		}},
		{name: "wrong secret where mutual", lio: provesItself, login: mutual(), status: pdu.StatusAuthFailure, change: func(o *login.Options) {
			o.Password = auth.NewSecret([]byte("another-secret"))
		}},
		{name: "wrong target secret", lio: provesItself, login: mutual(), change: func(o *login.Options) {
			o.TargetPassword = auth.NewSecret([]byte("another-secret"))
		}},
		{name: "wrong target user", lio: provesItself, login: mutual(), change: func(o *login.Options) {
			o.TargetUsername = "another"
		}},
		{name: "wrong secret where nothing would do", lio: optional, login: oneWay(), status: pdu.StatusAuthFailure, change: func(o *login.Options) {
			o.Password = auth.NewSecret([]byte("another-secret"))
		}},
		{name: "CHAP that LIO does not do", lio: open, login: oneWay(), status: pdu.StatusAuthFailure},
		{name: "mutual CHAP where LIO does none", lio: open, login: mutual(), status: pdu.StatusAuthFailure},
		// LIO would let us in.
		{name: "mutual CHAP where LIO does one-way", lio: asksCHAP, login: mutual()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			switch tt.lio {
			case open:
				w.lio.Open(t)
			case optional:
				w.lio.OptionalCHAP(t, user, secret)
			case asksCHAP:
				w.lio.CHAP(t, user, secret)
			case provesItself:
				w.lio.MutualCHAP(t, user, secret, targetUser, targetSecret)
			}
			p := at(w.portals()[0])
			p.Login = tt.login
			if tt.change != nil {
				tt.change(&p.Login)
			}
			r, err := newDiscoverer().Discover(t.Context(), p)
			if got := initiator.Code(err); got != isdsc.AuthenticationFailure {
				t.Errorf("code %s, want an authentication failure: %v", isdsc.Name(got), err)
			}
			var login *pdu.LoginError
			if refused := errors.As(err, &login); refused != (tt.status != 0) || refused && login.Status != tt.status {
				t.Errorf("error %v, want status %s", err, tt.status)
			}
			if len(r.Targets) > 0 {
				t.Errorf("targets %v", r.Targets)
			}
		})
	}
}
