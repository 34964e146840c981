package initiator

import (
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// CHAPOf returns the CHAP settings of a request; nil: the login goes without
// authentication. Settings that cannot work are an *isdsc.Error; nothing is sent.
func (d *Discoverer) CHAPOf(j *Request) (*auth.CHAP, error) {
	o := &j.Portal.Login
	kind := o.EffectiveAuthType()
	if kind == NoAuth {
		return nil, nil
	}
	c := &auth.CHAP{
		User:        j.Name,
		Algorithms:  o.CHAPAlgorithms,
		Strict:      d.Strict,
		Protected:   d.mayProtect(j),
		Short:       o.ShortSecrets,
		Outstanding: &d.challenges,
	}
	if o.has(SpecifiedUsername) {
		c.User = o.Username
	}
	if o.has(SpecifiedPassword) {
		c.Secret = o.Password
	}
	if kind == MutualCHAP {
		c.Mutual, c.TargetUser, c.TargetSecret = true, o.TargetUsername, o.TargetPassword
	}
	if err := c.Validate(); err != nil {
		return nil, chapError(c, err)
	}
	return c, nil
}

// chapError makes an error of CHAP settings that are not usable.
func chapError(c *auth.CHAP, err error) error {
	reason := strings.TrimPrefix(Reason(err), "CHAP: ")
	if mayTakeShort(c, err) {
		reason += "; --short-secrets (LoginOptions.ShortSecrets) takes it without"
	}
	return &isdsc.Error{Code: authCode(err), What: "CHAP", Reason: reason, Err: err}
}

// mayTakeShort reports that c was refused for nothing but a short secret, which
// ShortSecrets would have let pass.
func mayTakeShort(c *auth.CHAP, err error) bool {
	var config *auth.ConfigError
	if c.Strict || c.Short || !errors.As(err, &config) {
		return false
	}
	switch config.Field {
	case auth.FieldSecret:
		return !c.Secret.IsZero() && c.Secret.Len() < MinSecretLen
	case auth.FieldTargetSecret:
		return !c.TargetSecret.IsZero() && c.TargetSecret.Len() < MinSecretLen
	}
	return false
}

// warnShortSecret warns, once in a result, that CHAP is done with a short secret
// on a connection that IPsec does not protect. It does not tell the length.
func (a *attempt) warnShortSecret(method *auth.CHAP) {
	if !method.Protected && method.HasShortSecret() && !a.warnings.have(WarnShortSecret) {
		a.warnings.add(WarnShortSecret, "a CHAP secret has fewer than %d bytes, and IPsec does not protect the connection: a listener can guess the secret from the login", MinSecretLen)
	}
}

// MinSecretLen is how long a CHAP secret is at least in bytes, unless IPsec protects the
// connection (RFC 7143, section 12.1.4).
const MinSecretLen = 12
