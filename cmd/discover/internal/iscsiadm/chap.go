package iscsiadm

import (
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
)

// CHAP reports that a login uses CHAP: that there are a name and a secret. The real
// iscsiadm does not look at auth.authmethod, either.
func (r *Record) CHAP() bool { return r.text(keyUser) != "" && !r.values[keyPassword].isZero() }

// LoginOptions returns the options of a login by the record. Where the target need not
// prove itself, it may do without CHAP, as with the real iscsiadm: CHAP in one direction
// protects the target, which chooses. A secret that is shorter than 12 bytes is taken,
// and the result of a discovery then has a warning. Where the record names no algorithms
// the options name none, so that all are offered.
//
// A *UsageError is a record by which the target shall prove itself, and that does not say
// all of how. The real iscsiadm fails at the portal then.
func (r *Record) LoginOptions() (login.Options, error) {
	var o login.Options
	if v, set := r.values[keyAlgorithms]; set {
		for name := range strings.SplitSeq(v.text, ",") {
			o.CHAPAlgorithms = append(o.CHAPAlgorithms, hashes[name])
		}
	}
	user, userIn := r.text(keyUser), r.text(keyUserIn)
	own, in := r.values[keyPassword], r.values[keyPasswordIn]
	mutual := userIn != "" || !in.isZero()
	switch {
	case mutual && !r.CHAP():
		return o, incomplete(keyUserIn+" or "+keyPasswordIn+" is set", keyUser+" and "+keyPassword)
	case mutual && in.isZero():
		return o, incomplete(keyUserIn+" is set", keyPasswordIn)
	case mutual:
		o.UseMutualCHAP(user, own.secret, userIn, in.secret)
		o.TargetPasswordRef = in.ref
	case r.CHAP():
		o.UseCHAP(user, own.secret)
		o.CHAPPolicy = login.CHAPPreferred
	default:
		return o, nil
	}
	o.PasswordRef = own.ref
	o.ShortSecrets = own.isShort() || in.isShort()
	return o, nil
}

// isShort reports a secret that is short, or, since a reference does not tell, may be.
func (v fieldValue) isShort() bool {
	return v.ref != "" || !v.secret.IsZero() && v.secret.Len() < auth.MinSecretLen
}

// incomplete is the error of a record that lacks something.
func incomplete(is, lacks string) error {
	return &UsageError{Text: is + ", so the target must prove itself, but " + lacks + " must be set as well"}
}
