package initiator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestFieldWithoutBit (issue 13, 22): a field of login.Options that is set while its bit
// in Specified is clear is refused, by an error that names the bit, and nothing is
// sent: a login that was to use CHAP would be made without.
func TestFieldWithoutBit(t *testing.T) {
	t.Parallel()
	const all = login.Specified(0xff)
	secret := auth.NewSecret([]byte(scene.CHAPSecret))
	for _, tt := range []struct {
		bit  login.Specified
		name string
		set  func(o *login.Options)
	}{
		{login.SpecifiedAuthType, "SpecifiedAuthType", func(o *login.Options) { o.AuthType = login.CHAP }},
		{login.SpecifiedAuthType, "SpecifiedAuthType", func(o *login.Options) { o.AuthType = login.MutualCHAP }},
		{login.SpecifiedUsername, "SpecifiedUsername", func(o *login.Options) { o.Username = "host1" }},
		{login.SpecifiedPassword, "SpecifiedPassword", func(o *login.Options) { o.Password = secret }},
		{login.SpecifiedPassword, "SpecifiedPassword", func(o *login.Options) { o.PasswordRef = "env:SECRET" }},
		{login.SpecifiedHeaderDigest, "SpecifiedHeaderDigest", func(o *login.Options) { o.HeaderDigest = login.DigestCRC32C }},
		{login.SpecifiedDataDigest, "SpecifiedDataDigest", func(o *login.Options) { o.DataDigest = login.DigestPreferCRC32C }},
		{login.SpecifiedMaximumConnections, "SpecifiedMaximumConnections", func(o *login.Options) { o.MaximumConnections = 1 }},
		{login.SpecifiedDefaultTime2Wait, "SpecifiedDefaultTime2Wait", func(o *login.Options) { o.DefaultTime2Wait = 2 }},
		{login.SpecifiedDefaultTime2Retain, "SpecifiedDefaultTime2Retain", func(o *login.Options) { o.DefaultTime2Retain = 20 }},
	} {
		for _, others := range []login.Specified{0, all} {
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				p := scene.Portal(n, scene.Where, &iscsitest.Target{})
				if p.Login.Specified = others &^ tt.bit; others == all {
					p.Login.MaximumConnections = 1 // its bit is set, and it may not be 0
				}
				tt.set(&p.Login)
				r, err := d.Discover(t.Context(), p)
				var config *isdsc.Error
				if !errors.As(err, &config) || !strings.Contains(config.Reason, tt.name+" ") || config.Code != isdsc.Win32InvalidParameter {
					t.Errorf("%s, Specified %#x: got %v, want a refusal that names the bit", tt.name, uint32(p.Login.Specified), err)
				}
				if strings.Contains(fmt.Sprint(err), scene.CHAPSecret) || len(n.Dials()) != 0 || r.Address.IsValid() {
					t.Errorf("%s: %v, after %d connections", tt.name, err, len(n.Dials()))
				}
			})
		}
	}
}

// TestTargetSecretWithoutMutualCHAP (issue 13, 22): where the target is not asked to
// prove itself, what it would do so by is refused rather than ignored.
func TestTargetSecretWithoutMutualCHAP(t *testing.T) {
	t.Parallel()
	for _, set := range []func(o *login.Options){
		func(o *login.Options) { o.TargetUsername = scene.TargetUser },
		func(o *login.Options) { o.TargetPassword = auth.NewSecret([]byte(scene.TargetSecret)) },
		func(o *login.Options) { o.TargetPasswordRef = "env:SECRET" },
	} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			p := scene.WithCHAP(scene.Portal(n, scene.Where, full()), scene.CHAPUser, scene.CHAPSecret)
			set(&p.Login)
			_, err := d.Discover(t.Context(), p)
			var config *isdsc.Error
			if !errors.As(err, &config) || !strings.Contains(config.Reason, "UseMutualCHAP") || len(n.Dials()) != 0 {
				t.Errorf("got %v after %d connections, want a refusal", err, len(n.Dials()))
			}
		})
	}
}

// TestUseCHAP (issue 13, 22): UseCHAP and UseMutualCHAP log in by CHAP, and the later
// of the two counts.
func TestUseCHAP(t *testing.T) {
	t.Parallel()
	us, them := auth.NewSecret([]byte(scene.CHAPSecret)), auth.NewSecret([]byte(scene.TargetSecret))
	for _, tt := range []struct {
		name   string
		use    func(o *login.Options)
		user   string // that the target knows
		mutual bool
	}{
		{"one-way", func(o *login.Options) { o.UseCHAP(scene.CHAPUser, us) }, scene.CHAPUser, false},
		{"by our iSCSI name", func(o *login.Options) { o.UseCHAP("", us) }, scene.InitiatorName, false},
		{"mutual", func(o *login.Options) { o.UseMutualCHAP(scene.CHAPUser, us, scene.TargetUser, them) }, scene.CHAPUser, true},
		{"mutual, any name", func(o *login.Options) { o.UseMutualCHAP("", us, "", them) }, scene.InitiatorName, true},
		{"one-way after mutual", func(o *login.Options) {
			o.PasswordRef, o.TargetPasswordRef = "env:A", "env:B"
			o.UseMutualCHAP(scene.CHAPUser, us, scene.TargetUser, them)
			o.UseCHAP("", us)
		}, scene.InitiatorName, false},
	} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			target := full()
			target.User = tt.user
			p := scene.Portal(n, scene.Where, target)
			tt.use(&p.Login)
			r, err := d.Discover(t.Context(), p)
			scene.Judge(t, err, scene.Outcome{})
			if !r.Auth.Done || r.Auth.Mutual != tt.mutual {
				t.Errorf("%s: %+v", tt.name, r.Auth)
			}
		})
	}
}
