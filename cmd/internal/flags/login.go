package flags

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
)

// Login has the flags that say by which name and how to log in.
type Login struct {
	InitiatorName nameRef

	chapUser, targetUser     string
	CHAPSecret, TargetSecret SecretRef
	chapAlgorithms           []string
	chapFallback             bool
	chapPolicy               string
	shortSecrets             bool

	headerDigest, dataDigest string

	maxConnections, time2wait, time2retain                int64
	maxConnectionsGiven, time2waitGiven, time2retainGiven bool

	loginFlags    []string
	redirect      string
	redirectNames bool
}

// The words of the flags, in the order in which the manual has them.
var (
	digestWords    = []string{login.DigestNone.String(), login.DigestCRC32C.String(), login.DigestPreferCRC32C.String()}
	loginFlagWords = []string{login.RequireIPsec.String(), login.MultipathEnabled.String(), login.AllowPortalHopping.String()}
	policyWords    = []string{login.CHAPRequired.String(), login.CHAPPreferred.String()}
	redirectWords  = []string{login.RedirectSameHost.String(), login.RedirectAny.String(), login.RedirectNone.String()}
)

// The largest values that RFC 7143, sections 13.2, 13.15 and 13.16, has for MaxConnections
// and, in seconds, for DefaultTime2Wait and DefaultTime2Retain.
const maxMaxConnections, maxTime2 = 65535, 3600

func algorithmWords() []string {
	var names []string
	for _, a := range auth.DefaultAlgorithms() {
		names = append(names, a.String())
	}
	return names
}

// FlagSet defines the flags.
func (l *Login) FlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.Var(&l.InitiatorName, "initiator-name", "our iSCSI name, sent exactly as typed, or where to read it: file:PATH or cred:NAME; default: that of initiator set-name (if the registry is read), else that in "+NameFile+", else one made from the host's name")
	fs.Var(&text{&l.chapUser, "NAME"}, "chap-user", "name we authenticate with (CHAP); default: our iSCSI name")
	fs.Var(&l.CHAPSecret, "chap-secret", "secret we authenticate with; the target must then use CHAP, unless --chap-policy says otherwise")
	fs.Var(&text{&l.targetUser, "NAME"}, "target-user", "name the target must authenticate with (mutual CHAP); default: any. In an entry of the registry it also works without --target-secret, with the secret of initiator set-chap-secret")
	fs.Var(&l.TargetSecret, "target-secret", "secret the target must authenticate with (mutual CHAP)")
	fs.Var(&words{&l.chapAlgorithms, algorithmWords()}, "chap-algorithms", "algorithms to offer, the best first; default sha3-256,sha256,sha1,md5")
	fs.BoolVar(&l.chapFallback, "chap-fallback", true, "retry once with md5 alone if a target refuses the list of algorithms, or chooses another one and refuses the response (the default); --chap-fallback=false: do not")
	fs.Var(&choice{&l.chapPolicy, "POLICY", policyWords}, "chap-policy", "required (the default): fail if the target does not use CHAP; preferred: let the target choose to go without CHAP")
	fs.BoolVar(&l.shortSecrets, "short-secrets", false, "accept CHAP secrets shorter than 12 bytes also without IPsec, with a warning: an eavesdropper can guess such secrets")
	fs.Var(&choice{&l.headerDigest, "DIGEST", digestWords}, "header-digest", "none (the default), crc32c or prefer-crc32c")
	fs.Var(&choice{&l.dataDigest, "DIGEST", digestWords}, "data-digest", "the same for data digests")
	fs.Var(&number{&l.maxConnections, "N", 1, maxMaxConnections, &l.maxConnectionsGiven, true}, "max-connections", "MaxConnections to declare; discovery uses one connection in any case")
	fs.Var(&number{&l.time2wait, "SECONDS", 0, maxTime2, &l.time2waitGiven, true}, "default-time2wait", "DefaultTime2Wait to declare")
	fs.Var(&number{&l.time2retain, "SECONDS", 0, maxTime2, &l.time2retainGiven, true}, "default-time2retain", "DefaultTime2Retain to declare")
	fs.Var(&words{&l.loginFlags, loginFlagWords}, "login-flags", "require-ipsec (fail without IPsec), multipath and portal-hopping (no effect on discovery)")
	fs.Var(&choice{&l.redirect, "POLICY", redirectWords}, "redirect", "which redirections to follow: same-host (the default; another host is asked without CHAP), any (another host gets CHAP too) or none")
	fs.BoolVar(&l.redirectNames, "redirect-names", false, "also follow redirections to a host name: look it up, and apply the rules for addresses to its addresses")
	return fs
}

// Check refuses flags that do not go together. registry says that there may be a
// secret for all targets, set by initiator set-chap-secret.
func (l *Login) Check(registry bool) error {
	switch {
	case l.chapUser != "" && !l.CHAPSecret.Given():
		return exit.Usagef("--chap-user needs --chap-secret REF")
	case l.chapPolicy != "" && !l.CHAPSecret.Given():
		return exit.Usagef("--chap-policy needs --chap-secret REF")
	case l.policyOfCHAP() == login.CHAPPreferred && l.TargetSecret.Given():
		return exit.Usagef("--chap-policy preferred and --target-secret exclude each other: a target that must authenticate cannot choose to go without CHAP")
	case l.policyOfCHAP() == login.CHAPPreferred && l.targetUser != "":
		return exit.Usagef("--chap-policy preferred and --target-user exclude each other: a target that must authenticate cannot choose to go without CHAP")
	case l.TargetSecret.Given() && !l.CHAPSecret.Given():
		return exit.Usagef("--target-secret needs --chap-secret as well: in mutual CHAP the initiator authenticates first")
	case l.targetUser != "" && !l.TargetSecret.Given() && !registry:
		return exit.Usagef("--target-user needs --target-secret REF")
	case l.targetUser != "" && !l.CHAPSecret.Given():
		return exit.Usagef("--target-user needs --chap-secret as well: in mutual CHAP the initiator authenticates first")
	case l.shortSecrets && !l.CHAPSecret.Given():
		return exit.Usagef("--short-secrets needs --chap-secret REF")
	case l.redirectNames && l.redirect == login.RedirectNone.String():
		return exit.Usagef("--redirect-names and --redirect none exclude each other: none follows no redirection")
	}
	return CheckRefs(&l.CHAPSecret, &l.TargetSecret)
}

// Options returns the login options. It reads the secrets.
func (l *Login) Options(ctx context.Context, w *machine.Env) (o login.Options, err error) {
	o.HeaderDigest, o.DataDigest = digest(l.headerDigest), digest(l.dataDigest)
	o.MaximumConnections = uint32(l.maxConnections)
	o.DefaultTime2Wait, o.DefaultTime2Retain = uint32(l.time2wait), uint32(l.time2retain)
	o.Username, o.TargetUsername = l.chapUser, l.targetUser
	o.NoCHAPFallback, o.CHAPPolicy = !l.chapFallback, l.policyOfCHAP()
	o.Redirect = l.policy()
	o.ShortSecrets, o.RedirectNames = l.shortSecrets, l.redirectNames
	if o.InitiatorName, err = l.InitiatorName.resolve(ctx, w); err != nil {
		return o, err
	}
	for _, name := range l.chapAlgorithms {
		a, err := auth.ParseAlgorithm(name)
		if err != nil {
			return o, err
		}
		o.CHAPAlgorithms = append(o.CHAPAlgorithms, a)
	}
	for _, name := range l.loginFlags {
		for _, f := range []login.Flags{login.RequireIPsec, login.MultipathEnabled, login.AllowPortalHopping} {
			if f.String() == name {
				o.Flags |= f
			}
		}
	}
	specify := func(given bool, bit login.Specified) {
		if given {
			o.Specified |= bit
		}
	}
	specify(l.headerDigest != "", login.SpecifiedHeaderDigest)
	specify(l.dataDigest != "", login.SpecifiedDataDigest)
	specify(l.maxConnectionsGiven, login.SpecifiedMaximumConnections)
	specify(l.time2waitGiven, login.SpecifiedDefaultTime2Wait)
	specify(l.time2retainGiven, login.SpecifiedDefaultTime2Retain)
	specify(l.chapUser != "", login.SpecifiedUsername)
	specify(l.CHAPSecret.Given(), login.SpecifiedPassword|login.SpecifiedAuthType)
	if l.CHAPSecret.Given() {
		o.AuthType = login.CHAP
		if o.Password, err = l.CHAPSecret.Resolve(ctx, w, "--chap-secret", "secret of "+UserOrInitiator(l.chapUser)); err != nil {
			return o, err
		}
	}
	if l.targetUser != "" {
		o.AuthType = login.MutualCHAP
	}
	if l.TargetSecret.Given() {
		o.AuthType = login.MutualCHAP
		if o.TargetPassword, err = l.TargetSecret.Resolve(ctx, w, "--target-secret", "secret of the target"); err != nil {
			return o, err
		}
	}
	return o, nil
}

// KeepReferences puts the references of secrets in their place where they are to
// be read at each use.
func (l *Login) KeepReferences(o *login.Options) (err error) {
	if l.CHAPSecret.Lasts() {
		if o.PasswordRef, err = l.CHAPSecret.Stored(); err != nil {
			return err
		}
		o.Password = auth.Secret{}
	}
	if l.TargetSecret.Lasts() {
		if o.TargetPasswordRef, err = l.TargetSecret.Stored(); err != nil {
			return err
		}
		o.TargetPassword = auth.Secret{}
	}
	return nil
}

// UserOrInitiator says whose secret is asked for: that of the CHAP user, or without one
// that of this initiator.
func UserOrInitiator(user string) string {
	if user == "" {
		return "this initiator"
	}
	return user
}

func digest(word string) login.DigestType {
	switch word {
	case login.DigestCRC32C.String():
		return login.DigestCRC32C
	case login.DigestPreferCRC32C.String():
		return login.DigestPreferCRC32C
	}
	return login.DigestNone
}

// policyOfCHAP returns what to do with a target that does no CHAP.
func (l *Login) policyOfCHAP() login.CHAPPolicy {
	if l.chapPolicy == login.CHAPPreferred.String() {
		return login.CHAPPreferred
	}
	return login.CHAPRequired
}

// policy returns the redirect policy.
func (l *Login) policy() login.RedirectPolicy {
	switch l.redirect {
	case login.RedirectAny.String():
		return login.RedirectAny
	case login.RedirectNone.String():
		return login.RedirectNone
	}
	return login.RedirectSameHost
}
