package login

import (
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// Options are the options of the login to a portal (ISCSI_LOGIN_OPTIONS of
// the reference API). The zero value asks for no authentication and no digests.
// A field counts where its bit in Specified is set; Flags always count. A field that
// is set while its bit is clear is refused with a *isdsc.Error that names the bit: it
// would be ignored, and a login that was to use CHAP would be made without. UseCHAP and
// UseMutualCHAP set the bits.
type Options struct {
	Version   uint32 // 0
	Specified Specified
	Flags     Flags

	AuthType           AuthType
	HeaderDigest       DigestType
	DataDigest         DigestType
	MaximumConnections uint32 // 1 to 65535; the session uses one all the same
	DefaultTime2Wait   uint32 // seconds, 0 to 3600
	DefaultTime2Retain uint32 // seconds, 0 to 3600

	Username string      // CHAP_N, any bytes but NUL, at most 255; not specified: the initiator's name, byte for byte
	Password auth.Secret // answers the target's challenge; 12 to 255 bytes; never returned by a Service

	// What follows is ours. It needs no bits: the zero value says nothing.

	// TargetUsername is the CHAP_N by which the target must prove itself in
	// mutual CHAP; empty: any, and the result tells which. With AuthType CHAP, by
	// which no target proves itself, what is for the target is refused.
	TargetUsername string

	// TargetPassword is the secret by which the target must prove itself in
	// mutual CHAP, for this portal alone; empty: the Service's, for all. A
	// Service never returns it.
	TargetPassword auth.Secret

	// PasswordRef and TargetPasswordRef stand in the place of the secrets: a
	// Service stores them as they are, and resolves them at each use. A
	// Discoverer alone does not. The bit of Password is that of PasswordRef, too.
	PasswordRef       string
	TargetPasswordRef string

	// InitiatorName is our iSCSI name at this portal, which is kept and sent as
	// it stands here (see CheckName); empty: that of the instance, else the one
	// that all portals see.
	InitiatorName string

	// Redirect is the policy at this portal; zero: the Discoverer's.
	Redirect RedirectPolicy

	// RedirectNames lets this portal send us to a host name, as ResolveRedirects
	// of a Discoverer lets all portals. The addresses of the name are held
	// against the rules for literal ones.
	RedirectNames bool

	// BindDevice is that of a Discoverer, for this portal.
	BindDevice bool

	// ShortSecrets takes CHAP secrets of 1 to 11 bytes where no IPsec protects the
	// connection, too, with the warning WarnShortSecret in each result. RFC 7143,
	// section 9.2.1, wants 12 bytes there. A Discoverer that is Strict refuses them.
	ShortSecrets bool

	// CHAPAlgorithms are offered in this order; nil: auth.DefaultAlgorithms.
	CHAPAlgorithms []auth.Algorithm

	// NoCHAPFallback forbids the second try with MD5 alone. That is made, once for
	// a portal, where the algorithm may be at fault: the target refuses a list of
	// algorithms, or chooses another than MD5 and refuses our response. It is never
	// made where MD5 is not in CHAPAlgorithms.
	NoCHAPFallback bool

	// CHAPPolicy says what to do with a portal that wants no CHAP. It means
	// nothing where AuthType asks for none, and MutualCHAP takes CHAPRequired
	// alone.
	CHAPPolicy CHAPPolicy
}

// Has reports whether all bits of s are set.
func (o *Options) Has(s Specified) bool { return o.Specified&s == s }

// EffectiveAuthType returns AuthType where its bit is set in Specified, else NoAuth.
func (o *Options) EffectiveAuthType() AuthType {
	if o.Has(SpecifiedAuthType) {
		return o.AuthType
	}
	return NoAuth
}

// Validate holds o against the rules of the reference API that need no
// knowledge of the portal.
func (o *Options) Validate() error {
	refuse := func(code uint32, what, reason string) error {
		return &isdsc.Error{Code: code, What: "login options: " + what, Reason: reason}
	}
	if o.InitiatorName != "" {
		if _, err := name.CheckName(o.InitiatorName); err != nil {
			return err
		}
	}
	if err := o.checkBits(); err != nil {
		return err
	}
	switch {
	case o.CHAPPolicy > CHAPPreferred:
		return refuse(isdsc.Win32InvalidParameter, "CHAP policy", "0 and 1 are known")
	case o.CHAPPolicy == CHAPPreferred && o.EffectiveAuthType() == MutualCHAP:
		return refuse(isdsc.Win32InvalidParameter, "CHAP policy", "a target that must prove itself cannot be let in without CHAP: preferred does not go with mutual CHAP")
	case o.Redirect > RedirectNone:
		return refuse(isdsc.Win32InvalidParameter, "redirect policy", "0, 1 and 2 are known")
	case o.Version != 0:
		return refuse(isdsc.Win32InvalidParameter, "version", "only 0 is known")
	case o.Specified&^allSpecified != 0:
		return refuse(isdsc.Win32InvalidParameter, "specified", "unknown bits "+hexBits(uint32(o.Specified&^allSpecified)))
	case o.Flags&Reserved1 != 0, o.Flags&^knownFlags != 0:
		return refuse(isdsc.Win32InvalidParameter, "flags", "reserved or unknown bits "+hexBits(uint32(o.Flags&^(knownFlags&^Reserved1))))
	case o.Flags&loginRADIUS != 0:
		return refuse(isdsc.RequestNotSupported, "flags", "RADIUS is not supported")
	case o.Has(SpecifiedAuthType) && o.AuthType > MutualCHAP:
		return refuse(isdsc.InvalidLogonAuthType, "authentication type", "0, 1 and 2 are known")
	case o.Has(SpecifiedHeaderDigest) && !o.HeaderDigest.valid():
		return refuse(isdsc.InvalidParameter, "header digest", "0 (none) and 1 (CRC32C) are known")
	case o.Has(SpecifiedDataDigest) && !o.DataDigest.valid():
		return refuse(isdsc.InvalidParameter, "data digest", "0 (none) and 1 (CRC32C) are known")
	case o.Has(SpecifiedMaximumConnections) && (o.MaximumConnections < 1 || o.MaximumConnections > 65535):
		return refuse(isdsc.InvalidParameter, "maximum connections", "1 to 65535")
	case o.Has(SpecifiedDefaultTime2Wait) && o.DefaultTime2Wait > 3600:
		return refuse(isdsc.InvalidParameter, "default time2wait", "0 to 3600 seconds")
	case o.Has(SpecifiedDefaultTime2Retain) && o.DefaultTime2Retain > 3600:
		return refuse(isdsc.InvalidParameter, "default time2retain", "0 to 3600 seconds")
	}
	return nil
}
