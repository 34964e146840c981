package login

import (
	"cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// UseCHAP sets o to prove ourselves by CHAP: the type, the name and the secret, with
// their bits in Specified. An empty user is the initiator's name. Nothing is asked of
// the target: what was set for mutual CHAP, and references to secrets, are cleared.
// What is wrong with the name or the secret is found where o is used.
func (o *Options) UseCHAP(user string, secret auth.Secret) {
	o.AuthType, o.Username, o.Password, o.PasswordRef = CHAP, user, secret, ""
	o.TargetUsername, o.TargetPassword, o.TargetPasswordRef = "", auth.Secret{}, ""
	o.Specified |= SpecifiedAuthType | SpecifiedPassword | SpecifiedUsername
	if user == "" {
		o.Specified &^= SpecifiedUsername
	}
}

// UseMutualCHAP is UseCHAP where the target must prove itself, too: by targetSecret,
// which differs from secret, under the name targetUser. An empty targetUser is any
// name, and the result tells which it was. Without a targetSecret a Service takes the
// secret that it has for all portals; a Discoverer refuses.
func (o *Options) UseMutualCHAP(user string, secret auth.Secret, targetUser string, targetSecret auth.Secret) {
	o.UseCHAP(user, secret)
	o.AuthType, o.TargetUsername, o.TargetPassword = MutualCHAP, targetUser, targetSecret
}

// checkBits refuses a field that is set and would be ignored.
func (o *Options) checkBits() error {
	for _, f := range []struct {
		set   bool
		bit   Specified
		field string // and the bit's name without Specified
		as    string // which field it is; empty: that one
	}{
		{set: o.AuthType != NoAuth, bit: SpecifiedAuthType, field: "AuthType"},
		{set: o.Username != "", bit: SpecifiedUsername, field: "Username"},
		{set: !o.Password.IsZero(), bit: SpecifiedPassword, field: "Password"},
		{set: o.PasswordRef != "", bit: SpecifiedPassword, field: "Password", as: "PasswordRef"},
		{set: o.HeaderDigest != DigestNone, bit: SpecifiedHeaderDigest, field: "HeaderDigest"},
		{set: o.DataDigest != DigestNone, bit: SpecifiedDataDigest, field: "DataDigest"},
		{set: o.MaximumConnections != 0, bit: SpecifiedMaximumConnections, field: "MaximumConnections"},
		{set: o.DefaultTime2Wait != 0, bit: SpecifiedDefaultTime2Wait, field: "DefaultTime2Wait"},
		{set: o.DefaultTime2Retain != 0, bit: SpecifiedDefaultTime2Retain, field: "DefaultTime2Retain"},
	} {
		if !f.set || o.Has(f.bit) {
			continue
		}
		how := ""
		if f.bit&(SpecifiedAuthType|SpecifiedUsername|SpecifiedPassword) != 0 {
			how = ", or call UseCHAP or UseMutualCHAP, which do"
		}
		return &isdsc.Error{
			Code: isdsc.Win32InvalidParameter, What: "login options: " + cmp.Or(f.as, f.field),
			Reason: "it is set, and its bit Specified" + f.field + " is not, so it would be ignored: set the bit in Specified" + how,
		}
	}
	if o.EffectiveAuthType() == CHAP && (o.TargetUsername != "" || !o.TargetPassword.IsZero() || o.TargetPasswordRef != "") {
		return &isdsc.Error{
			Code: isdsc.Win32InvalidParameter, What: "login options: AuthType",
			Reason: "CHAP, by which the target does not prove itself, and there is a name or a secret of the target: set MutualCHAP, or call UseMutualCHAP, which does",
		}
	}
	return nil
}
