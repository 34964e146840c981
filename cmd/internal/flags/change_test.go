package flags

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
)

// TestChangeKeepsMutual: an entry that wants the target to prove itself by the secret of
// initiator set-chap-secret still wants it after a change of our own secret.
func TestChangeKeepsMutual(t *testing.T) {
	t.Parallel()
	p := initiator.SendTargetPortal{Login: login.Options{
		Specified: login.SpecifiedAuthType | login.SpecifiedPassword, AuthType: login.MutualCHAP, Password: auth.NewSecret([]byte("secret-of-host-1")),
	}}
	c := &Change{given: map[string]bool{"chap-secret": true}}
	c.to.Login = login.Options{Specified: login.SpecifiedAuthType | login.SpecifiedPassword, AuthType: login.CHAP, Password: auth.NewSecret([]byte("secret-of-host-2"))}
	if err := c.Apply(&p); err != nil || p.Login.AuthType != login.MutualCHAP {
		t.Errorf("got %v and %v, want mutual CHAP", p.Login.AuthType, err)
	}
	c.given, c.to.Login = map[string]bool{"target-secret": true}, login.Options{}
	if err := c.Apply(&p); err != nil || p.Login.AuthType != login.CHAP {
		t.Errorf("got %v and %v, want CHAP without options of the target", p.Login.AuthType, err)
	}
}

// TestOptions: each flag whose value an entry keeps is an option that portal set changes.
func TestOptions(t *testing.T) {
	t.Parallel()
	var o Options
	var flags []string
	for _, fs := range []*pflag.FlagSet{o.LabelFlagSet(), o.Login.FlagSet(), o.IPsec.FlagSet()} {
		fs.VisitAll(func(f *pflag.Flag) {
			if f.Name != "ipsec-enforcer" { // of the run
				flags = append(flags, f.Name)
			}
		})
	}
	got := OptionWords()
	slices.Sort(flags)
	slices.Sort(got)
	if !slices.Equal(got, flags) {
		t.Errorf("got options %q, want %q", got, flags)
	}
}
