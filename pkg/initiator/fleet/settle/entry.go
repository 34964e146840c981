package settle

import (
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// entryOf returns the entry that a portal of config/ is to have.
func (a *applying) entryOf(p *fleet.Portal) (initiator.SendTargetPortal, error) {
	k := p.Key()
	e := initiator.SendTargetPortal{Instance: k.Instance, Port: k.Port, Portal: k.Portal}
	if p.Login == "" {
		return e, nil
	}
	l, ok := a.wanted.Logins[p.Login]
	if !ok {
		return e, refuse("its login template " + p.Login + " is not there, or cannot be read")
	}
	var err error
	if e.Login, err = a.optionsOf(&l); err != nil {
		err = refusedBy("login template "+p.Login+": ", err)
	}
	return e, err
}

// optionsOf returns the options that a template gives: names, digests and references to
// secrets that the host's service manager has for discoverd.
func (a *applying) optionsOf(l *fleet.Login) (o login.Options, err error) {
	for _, ref := range []string{l.Secret, l.TargetSecret} {
		if ref != "" && !fleet.IsCredential(ref) {
			return o, refuse("of references to secrets a fleet may have cred:NAME alone")
		}
		if slices.Contains(a.own, ref) {
			return o, refuse("the credential " + ref + " is one of discoverd itself, for etcd or the registry")
		}
	}
	mutual := l.TargetUser != "" || l.TargetSecret != ""
	switch {
	case l.Secret == "" && (l.User != "" || mutual):
		return o, refuse("it has no chap_secret, so there would be no authentication")
	case mutual:
		o.UseMutualCHAP(l.User, auth.Secret{}, l.TargetUser, auth.Secret{})
		o.TargetPasswordRef = l.TargetSecret
	case l.Secret != "":
		o.UseCHAP(l.User, auth.Secret{})
	}
	o.PasswordRef = l.Secret
	for _, d := range []struct {
		word string
		to   *login.DigestType
		bit  login.Specified
	}{{l.HeaderDigest, &o.HeaderDigest, login.SpecifiedHeaderDigest}, {l.DataDigest, &o.DataDigest, login.SpecifiedDataDigest}} {
		switch d.word {
		case "":
			continue
		case "none":
			*d.to = login.DigestNone
		case "crc32c":
			*d.to = login.DigestCRC32C
		case "any":
			*d.to = login.DigestPreferCRC32C
		default:
			return o, refuse("a digest is none, crc32c or any")
		}
		o.Specified |= d.bit
	}
	return o, nil
}

// policyOf returns the policy that the flags of a portal are; nil: it has none. They are no
// flags of the entry: those would outrank what the host has for the portal, and might ask
// for less.
func policyOf(p *fleet.Portal) (*registry.Policy, error) {
	flags := ipsec.Flags(p.Flags)
	if flags == 0 {
		return nil, nil
	}
	if !flags.Has(ipsec.FlagValid | ipsec.FlagIKE) {
		return nil, refuse("its security flags do not ask for IPsec, and a fleet may only make it stronger")
	}
	selector := selectorOf(p.Key().Portal)
	if selector == "" {
		return nil, refuse("it has security flags and a host name: they need an address")
	}
	return &registry.Policy{Selector: selector, Flags: flags}, nil
}

// selectorOf returns the selector of a portal's own policy, on all links where it is
// link-local; empty: it has a host name.
func selectorOf(p initiator.Portal) string {
	if addr := p.Literal(); addr.IsValid() {
		return netip.AddrPortFrom(addr, p.Port).String()
	}
	return ""
}
