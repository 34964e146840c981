package flags

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A Change is what changes single options of an entry of the registry.
type Change struct {
	given map[string]bool            // by the flags of options
	to    initiator.SendTargetPortal // has those that were given; the others are the defaults
}

// Change returns what the flags of fs change: options that were given, and those of unset,
// which get their defaults. It reads the secrets.
func (o *Options) Change(ctx context.Context, w *machine.Env, fs *pflag.FlagSet, unset []string) (*Change, error) {
	c := &Change{given: make(map[string]bool)}
	for _, option := range options {
		if fs.Changed(option.flag) {
			c.given[option.flag] = true
		}
	}
	for _, name := range unset {
		if c.given[name] {
			return nil, exit.Usagef("--%s and --unset %s exclude each other: give only one of them", name, name)
		}
	}
	for _, name := range unset {
		c.given[name] = true
	}
	switch {
	case len(c.given) == 0:
		return nil, exit.Usagef("portal set needs an option to change, such as --symbolic-name TEXT, or --unset LIST; see discover help portal set")
	case c.given["ipsec"] && c.given["security-flags"]:
		return nil, exit.Usagef("--ipsec and --security-flags both set the IPsec flags: set or unset only one of them")
	}
	if err := o.IPsec.checkIdentities(); err != nil {
		return nil, err
	}
	var err error
	c.to, err = o.Portal(ctx, w)
	return c, err
}

// InitiatorName returns the name of ours that is set; empty: none is.
func (c *Change) InitiatorName() string { return c.to.Login.InitiatorName }

// Has reports whether an option is changed, by the name of its flag.
func (c *Change) Has(option string) bool { return c.given[option] }

// Apply changes an entry. It refuses with an *exit.UsageError what leaves options in it
// that have no use, unless they had none before.
func (c *Change) Apply(p *initiator.SendTargetPortal) error {
	before := uselessOptions(p)
	for _, o := range options {
		if c.given[o.flag] {
			o.copy(p, &c.to)
		}
	}
	c.chooseAuthType(p)
	for _, fault := range uselessOptions(p) {
		if !slices.Contains(before, fault) {
			return exit.Usagef("%s", fault)
		}
	}
	return nil
}

// chooseAuthType sets the type of authentication to what the secrets of the entry are for.
func (c *Change) chooseAuthType(p *initiator.SendTargetPortal) {
	o, target := &p.Login, c.given["target-user"] || c.given["target-secret"]
	if !c.given["chap-secret"] && !target {
		return
	}
	if !o.Has(login.SpecifiedPassword) {
		o.AuthType = login.NoAuth
		o.Specified &^= login.SpecifiedAuthType
		return
	}
	o.Specified |= login.SpecifiedAuthType
	// An entry may want mutual CHAP without an option of its own for the target: then the
	// secret of initiator set-chap-secret applies.
	mutual := o.AuthType == login.MutualCHAP && !target
	if o.AuthType = login.CHAP; mutual || o.TargetUsername != "" || hasTargetSecret(o) {
		o.AuthType = login.MutualCHAP
	}
}

func hasTargetSecret(o *login.Options) bool {
	return !o.TargetPassword.IsZero() || o.TargetPasswordRef != ""
}

// uselessOptions says which options of an entry need others that it does not have, or
// exclude each other.
func uselessOptions(p *initiator.SendTargetPortal) (faults []string) {
	o, i := &p.Login, &p.IPsec
	type use struct {
		flag string
		used bool
	}
	need := func(has bool, what, give string, uses ...use) {
		var flags []string
		for _, u := range uses {
			if u.used {
				flags = append(flags, u.flag)
			}
		}
		if list := strings.Join(flags, ","); !has && list != "" {
			faults = append(faults, fmt.Sprintf("without %s, %s of the entry would have no use: give %s, or --unset %s as well", what, list, give, list))
		}
	}
	mutual := o.TargetUsername != "" || hasTargetSecret(o)
	need(o.Has(login.SpecifiedPassword), "a CHAP secret", "--chap-secret REF",
		use{"chap-user", o.Has(login.SpecifiedUsername)}, use{"chap-policy", o.CHAPPolicy != login.CHAPRequired}, use{"short-secrets", o.ShortSecrets},
		use{"target-user", o.TargetUsername != ""}, use{"target-secret", hasTargetSecret(o)})
	on := p.Security.Has(ipsec.FlagValid | ipsec.FlagIKE)
	need(on, "IPsec", "--ipsec LIST",
		use{"ipsec-psk", !i.PSK.IsZero() || i.PSKRef != ""}, use{"ipsec-id", i.LocalID != ""}, use{"ipsec-peer-id", i.PeerID != ""},
		use{"ipsec-proposals", i.Proposals != ""}, use{"ipsec-ike", i.IKE != 0}, use{"ipsec-outer", i.Gateway.IsValid()})
	need(!on || p.Security.Has(ipsec.FlagTunnel), "tunnel mode", "--ipsec with tunnel", use{"ipsec-outer", i.Gateway.IsValid()})
	if mutual && o.CHAPPolicy == login.CHAPPreferred {
		faults = append(faults, "chap-policy preferred excludes target-user and target-secret: a target that must authenticate cannot choose to go without CHAP; unset the one or the others")
	}
	if o.RedirectNames && o.Redirect == login.RedirectNone {
		faults = append(faults, "redirect-names and redirect none exclude each other: none follows no redirection; unset one of them")
	}
	return faults
}
