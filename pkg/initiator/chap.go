package initiator

import (
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
)

// chapHint says what to do about CHAP that the target refused: the algorithm, the
// name and the secret; empty where the status says it all.
func (a *attempt) chapHint(err error) string {
	if a.chap == nil {
		return ""
	}
	const check = "check the CHAP name and secret (--chap-user, --chap-secret)"
	var both *CHAPFallbackError
	var algorithm *auth.AlgorithmError
	var key *auth.KeyError
	var proof *auth.ProofError
	var rejection *auth.RejectionError
	var timeout *TimeoutError
	hint := ""
	switch {
	case errors.As(err, &both) && errors.As(err, &timeout):
		return "the portal did answer the first try: try again later"
	case errors.As(err, &proof):
		return proofHint(proof)
	case errors.As(err, &algorithm), errors.As(err, &key) && key.Key == "CHAP_A":
		return "check which CHAP algorithms the portal supports (--chap-algorithms)"
	case !chapRefused(err):
		return ""
	case errors.As(err, &both):
		hint = check + ", and whether CHAP is set up for discovery at the portal"
		if a.result.Asked.Login.CHAPPolicy == login.CHAPPreferred && a.conn.login.AuthProgress() == session.AuthOffered {
			hint += " (LIO chooses CHAP even if it is not set up)"
		}
	case a.algorithmSuspected(err) && md5Usable(a.chap):
		hint = check + "; if they are right, the algorithm may be at fault" + inBrackets(knownMistake(a.result.Auth.Algorithm)) +
			": try MD5 alone (--chap-algorithms md5)"
	case errors.As(err, &rejection):
		hint = check
	}
	answered := a.result.Auth.Method == a.chap.Name() && a.conn.login.AuthProgress() == session.AuthAnswered
	if answered && misreadByLIO(a.chap.User) {
		if hint == "" {
			hint = check
		}
		hint += "; LIO misreads a CHAP name that begins with 0x or 0b: use another name"
	}
	return hint
}

// proofHint is about a target that did not authenticate as it was asked to.
func proofHint(e *auth.ProofError) string {
	switch {
	case e.Key == "":
		return "" // CHAP was skipped, by either side
	case strings.Contains(e.Reason, "missing"):
		return "check whether mutual CHAP is set up for discovery at the portal"
	case e.Key == "CHAP_N":
		return "check the name with which the target authenticates (--target-user)"
	}
	return "check the secret with which the target authenticates (--target-secret)"
}

// methodHint is about a portal that does not take the methods that were offered.
func (a *attempt) methodHint() string {
	o := &a.result.Asked.Login
	switch {
	case o.CHAPPolicy == login.CHAPPreferred:
		return "the portal accepts neither CHAP nor None: ask it without CHAP"
	case o.EffectiveAuthType() == login.MutualCHAP:
		return "the portal does not use CHAP for discovery: ask it without CHAP"
	}
	return "the portal does not use CHAP for discovery: ask it without CHAP, or let it choose (--chap-policy preferred)"
}

// misreadByLIO reports a name that LIO takes for a number: it reads CHAP_N as it
// reads binary values, in hexadecimal or base64.
func misreadByLIO(name string) bool {
	return len(name) >= 2 && name[0] == '0' && strings.IndexByte("xXbB", name[1]) >= 0
}

// CHAPOf returns the CHAP settings of a request; nil: the login goes without
// authentication. Settings that cannot work are an *isdsc.Error; nothing is sent.
func (d *Discoverer) CHAPOf(j *Request) (*auth.CHAP, error) {
	o := &j.Portal.Login
	kind := o.EffectiveAuthType()
	if kind == login.NoAuth {
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
	if o.Has(login.SpecifiedUsername) {
		c.User = o.Username
	}
	if o.Has(login.SpecifiedPassword) {
		c.Secret = o.Password
	}
	if kind == login.MutualCHAP {
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
	var config *auth.ConfigError
	if errors.As(err, &config) && config.Field == auth.FieldTargetSecret && c.TargetSecret.IsZero() {
		reason = "mutual CHAP needs the target's secret: give --target-secret REF, or store one with discover initiator set-chap-secret"
	}
	if mayTakeShort(c, err) {
		reason += "; --short-secrets (login.Options.ShortSecrets) accepts it without IPsec"
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
		return !c.Secret.IsZero() && c.Secret.Len() < auth.MinSecretLen
	case auth.FieldTargetSecret:
		return !c.TargetSecret.IsZero() && c.TargetSecret.Len() < auth.MinSecretLen
	}
	return false
}

// warnShortSecret warns, once in a result, that CHAP is done with a short secret
// on a connection that IPsec does not protect. It does not tell the length.
func (a *attempt) warnShortSecret(method *auth.CHAP) {
	if !method.Protected && method.HasShortSecret() && !a.warnings.have(WarnShortSecret) {
		a.warnings.add(WarnShortSecret, "a CHAP secret is shorter than %d bytes, and IPsec does not protect the connection: an eavesdropper can guess the secret from the login", auth.MinSecretLen)
	}
}
