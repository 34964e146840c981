package iscsiadm

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
)

// sameSecret compares secrets, which == does not.
var sameSecret = cmp.Comparer(func(a, b auth.Secret) bool { return bytes.Equal(a.Reveal(), b.Reveal()) })

// TestLoginOptions: what a record means for a login. Which records use CHAP, and which
// fail, was seen by running the real iscsiadm against a target without CHAP, one with it,
// and one that proves itself.
func TestLoginOptions(t *testing.T) {
	t.Parallel()
	const long, longIn = "secret-of-host1", "secret-of-array"
	chap := func(user, secret string) (o login.Options) {
		o.UseCHAP(user, auth.NewSecret([]byte(secret)))
		o.CHAPPolicy = login.CHAPPreferred
		return o
	}
	mutual := func(user, secret, userIn, in string) (o login.Options) {
		o.UseMutualCHAP(user, auth.NewSecret([]byte(secret)), userIn, auth.NewSecret([]byte(in)))
		return o
	}
	short := func(o login.Options) login.Options { o.ShortSecrets = true; return o }
	reference := mutual("host1", "", "array", "")
	reference.PasswordRef, reference.TargetPasswordRef, reference.ShortSecrets = "ref:x", "ref:y", true
	for name, tt := range map[string]struct {
		set  string // of auth.…
		want login.Options
		err  string
	}{
		"nothing":                  {},
		"no name and no secret":    {set: "authmethod=CHAP"},
		"no secret":                {set: "authmethod=CHAP username=host1"},
		"no name":                  {set: "authmethod=CHAP password=" + long},
		"CHAP":                     {set: "authmethod=CHAP username=host1 password=" + long, want: chap("host1", long)},
		"authmethod does not say":  {set: "authmethod=None username=host1 password=" + long, want: chap("host1", long)},
		"short":                    {set: "username=host1 password=short", want: short(chap("host1", "short"))},
		"mutual":                   {set: "username=host1 username_in=array password_in=" + longIn + " password=" + long, want: mutual("host1", long, "array", longIn)},
		"mutual, short":            {set: "username=host1 username_in=array password_in=tiny password=" + long, want: short(mutual("host1", long, "array", "tiny"))},
		"mutual, any name":         {set: "username=host1 password_in=" + longIn + " password=" + long, want: mutual("host1", long, "", longIn)},
		"references":               {set: "username=host1 password=ref:x username_in=array password_in=ref:y", want: reference},
		"mutual without a secret":  {set: "username=host1 username_in=array password=" + long, err: "username_in is set, so the target must prove itself, but discovery.sendtargets.auth.password_in must be set as well"},
		"mutual without our name":  {set: "username_in=array password_in=" + longIn + " password=" + long, err: "but discovery.sendtargets.auth.username and discovery.sendtargets.auth.password must be set as well"},
		"mutual without our proof": {set: "username=host1 password_in=" + longIn, err: "but discovery.sendtargets.auth.username and discovery.sendtargets.auth.password must be set as well"},
	} {
		r := NewRecord(SendTargets, testPortal, Defaults{})
		r.IsRef = func(s string) bool { return strings.HasPrefix(s, "ref:") }
		for pair := range strings.FieldsSeq(tt.set) {
			field, value, _ := strings.Cut(pair, "=")
			set(t, r, authPrefix+field, value)
		}
		got, err := r.LoginOptions()
		var usage *UsageError
		if tt.err != "" {
			if !errors.As(err, &usage) || !strings.HasSuffix(usage.Text, tt.err) || strings.Contains(usage.Text, "secret-of") {
				t.Errorf("%s: got %v, want %s", name, err, tt.err)
			}
			continue
		}
		if err != nil || r.CHAP() != (got.AuthType != login.NoAuth) {
			t.Errorf("%s: got %v; CHAP %t", name, err, r.CHAP())
		}
		if diff := cmp.Diff(tt.want, got, sameSecret); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLoginAlgorithms: the algorithms are offered in the order of the record, and all of
// them where neither it nor iscsid.conf has said anything.
func TestLoginAlgorithms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		conf, set string
		want      []auth.Algorithm
	}{
		{want: nil},
		{set: "MD5", want: []auth.Algorithm{auth.MD5}},
		{set: "SHA1,SHA3-256,MD5,SHA256", want: []auth.Algorithm{auth.SHA1, auth.SHA3_256, auth.MD5, auth.SHA256}},
		{set: "bogus", want: []auth.Algorithm{auth.MD5}},
		{conf: "node.session.auth.chap_algs = SHA256,bogus", want: []auth.Algorithm{auth.SHA256}},
		{conf: "node.session.auth.chap_algs = SHA256", set: "SHA1", want: []auth.Algorithm{auth.SHA1}},
	} {
		d, _ := ReadDefaults([]byte(tt.conf))
		r := NewRecord(SendTargets, testPortal, d)
		if tt.set != "" {
			set(t, r, keyAlgorithms, tt.set)
		}
		o, err := r.LoginOptions()
		if diff := cmp.Diff(tt.want, o.CHAPAlgorithms); diff != "" || err != nil {
			t.Errorf("%q, %q: %v (-want +got):\n%s", tt.conf, tt.set, err, diff)
		}
	}
}
