package flags

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
)

// Options has the flags of all options that an entry of the registry keeps.
type Options struct {
	Login Login
	IPsec IPsec
	name  string
}

// LabelFlagSet defines the flag that gives a portal a symbolic name.
func (o *Options) LabelFlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.Var(NewText(&o.name, "TEXT"), "symbolic-name", "a label; discoverd probes the portal with its login options by it")
	return fs
}

// Labelled reports whether a symbolic name was given.
func (o *Options) Labelled() bool { return o.name != "" }

// Portal returns an entry with the options that were given, and without a portal. It reads
// the secrets, and puts the references of those that are read at each use in their place.
func (o *Options) Portal(ctx context.Context, w *machine.Env) (p initiator.SendTargetPortal, err error) {
	p.Portal.SymbolicName = o.name
	if p.Security, err = o.IPsec.SecurityFlags(); err != nil {
		return p, err
	}
	if p.Login, err = o.Login.Options(ctx, w); err != nil {
		return p, err
	}
	p.Login.BindDevice = o.IPsec.BindDevice
	if p.IPsec, err = o.IPsec.Options(ctx, w); err != nil {
		return p, err
	}
	if err := o.Login.KeepReferences(&p.Login); err != nil {
		return p, err
	}
	return p, o.IPsec.KeepReference(&p.IPsec)
}

// CheckRefs refuses two secrets by the same descriptor, and one by standard input where that
// has the portals. key is that of the registry.
func (o *Options) CheckRefs(key *SecretRef, args []string) error {
	refs := []*SecretRef{key, &o.Login.CHAPSecret, &o.Login.TargetSecret, &o.IPsec.PSK}
	for _, arg := range args {
		for _, r := range refs {
			if arg == "-" && r.ReadsStdin() {
				return exit.Usagef("standard input cannot provide both portals (-) and a secret (fd:0)")
			}
		}
	}
	return CheckRefs(refs...)
}

// An option is one that an entry keeps: the flag that gives it, and how it goes from one
// entry into another. An entry without options has the defaults of all.
type option struct {
	flag string
	copy func(to, from *initiator.SendTargetPortal)
}

// options are those of an entry, in the order of the manual.
var options = []option{
	{"symbolic-name", func(to, from *initiator.SendTargetPortal) { to.Portal.SymbolicName = from.Portal.SymbolicName }},
	{"initiator-name", func(to, from *initiator.SendTargetPortal) { to.Login.InitiatorName = from.Login.InitiatorName }},
	{"chap-user", func(to, from *initiator.SendTargetPortal) {
		to.Login.Username = from.Login.Username
		specify(to, from, login.SpecifiedUsername)
	}},
	{"chap-secret", func(to, from *initiator.SendTargetPortal) {
		to.Login.Password, to.Login.PasswordRef = from.Login.Password, from.Login.PasswordRef
		specify(to, from, login.SpecifiedPassword|login.SpecifiedAuthType)
	}},
	{"target-user", func(to, from *initiator.SendTargetPortal) { to.Login.TargetUsername = from.Login.TargetUsername }},
	{"target-secret", func(to, from *initiator.SendTargetPortal) {
		to.Login.TargetPassword, to.Login.TargetPasswordRef = from.Login.TargetPassword, from.Login.TargetPasswordRef
	}},
	{"chap-algorithms", func(to, from *initiator.SendTargetPortal) { to.Login.CHAPAlgorithms = from.Login.CHAPAlgorithms }},
	{"chap-fallback", func(to, from *initiator.SendTargetPortal) { to.Login.NoCHAPFallback = from.Login.NoCHAPFallback }},
	{"chap-policy", func(to, from *initiator.SendTargetPortal) { to.Login.CHAPPolicy = from.Login.CHAPPolicy }},
	{"short-secrets", func(to, from *initiator.SendTargetPortal) { to.Login.ShortSecrets = from.Login.ShortSecrets }},
	{"header-digest", func(to, from *initiator.SendTargetPortal) {
		to.Login.HeaderDigest = from.Login.HeaderDigest
		specify(to, from, login.SpecifiedHeaderDigest)
	}},
	{"data-digest", func(to, from *initiator.SendTargetPortal) {
		to.Login.DataDigest = from.Login.DataDigest
		specify(to, from, login.SpecifiedDataDigest)
	}},
	{"max-connections", func(to, from *initiator.SendTargetPortal) {
		to.Login.MaximumConnections = from.Login.MaximumConnections
		specify(to, from, login.SpecifiedMaximumConnections)
	}},
	{"default-time2wait", func(to, from *initiator.SendTargetPortal) {
		to.Login.DefaultTime2Wait = from.Login.DefaultTime2Wait
		specify(to, from, login.SpecifiedDefaultTime2Wait)
	}},
	{"default-time2retain", func(to, from *initiator.SendTargetPortal) {
		to.Login.DefaultTime2Retain = from.Login.DefaultTime2Retain
		specify(to, from, login.SpecifiedDefaultTime2Retain)
	}},
	{"login-flags", func(to, from *initiator.SendTargetPortal) { to.Login.Flags = from.Login.Flags }},
	{"redirect", func(to, from *initiator.SendTargetPortal) { to.Login.Redirect = from.Login.Redirect }},
	{"redirect-names", func(to, from *initiator.SendTargetPortal) { to.Login.RedirectNames = from.Login.RedirectNames }},
	{"bind-device", func(to, from *initiator.SendTargetPortal) { to.Login.BindDevice = from.Login.BindDevice }},
	{"ipsec", copySecurity},
	{"security-flags", copySecurity},
	{"ipsec-psk", func(to, from *initiator.SendTargetPortal) {
		to.IPsec.PSK, to.IPsec.PSKRef = from.IPsec.PSK, from.IPsec.PSKRef
	}},
	{"ipsec-id", func(to, from *initiator.SendTargetPortal) { to.IPsec.LocalID = from.IPsec.LocalID }},
	{"ipsec-peer-id", func(to, from *initiator.SendTargetPortal) { to.IPsec.PeerID = from.IPsec.PeerID }},
	{"ipsec-proposals", func(to, from *initiator.SendTargetPortal) { to.IPsec.Proposals = from.IPsec.Proposals }},
	{"ipsec-ike", func(to, from *initiator.SendTargetPortal) { to.IPsec.IKE = from.IPsec.IKE }},
	{"ipsec-outer", func(to, from *initiator.SendTargetPortal) { to.IPsec.Gateway = from.IPsec.Gateway }},
	{"ipsec-unknown", func(to, from *initiator.SendTargetPortal) { to.IPsec.RefuseUnknown = from.IPsec.RefuseUnknown }},
}

func copySecurity(to, from *initiator.SendTargetPortal) { to.Security = from.Security }

// specify copies bits of what is specified.
func specify(to, from *initiator.SendTargetPortal, bits login.Specified) {
	to.Login.Specified = to.Login.Specified&^bits | from.Login.Specified&bits
}

// OptionWords returns the options that an entry keeps, by their flags.
func OptionWords() []string {
	var all []string
	for _, o := range options {
		all = append(all, o.flag)
	}
	return all
}
