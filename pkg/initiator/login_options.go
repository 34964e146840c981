package initiator

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// Specified says which fields of LoginOptions count (InformationSpecified of the
// reference API, bit for bit).
type Specified uint32

// The bits.
const (
	SpecifiedHeaderDigest Specified = 1 << iota
	SpecifiedDataDigest
	SpecifiedMaximumConnections
	SpecifiedDefaultTime2Wait
	SpecifiedDefaultTime2Retain
	SpecifiedUsername
	SpecifiedPassword
	SpecifiedAuthType

	allSpecified Specified = 1<<8 - 1
)

// LoginFlags are ISCSI_LOGIN_FLAGS of the reference API, bit for bit.
type LoginFlags uint32

// The flags.
const (
	LoginRequireIPsec          LoginFlags = 0x01 // the operation must run over IPsec
	LoginMultipathEnabled      LoginFlags = 0x02 // of no effect on discovery
	LoginReserved1             LoginFlags = 0x04 // refused
	LoginAllowPortalHopping    LoginFlags = 0x08 // of no effect on discovery
	LoginUseRADIUSResponse     LoginFlags = 0x10 // not supported
	LoginUseRADIUSVerification LoginFlags = 0x20 // not supported
	loginRADIUS                           = LoginUseRADIUSResponse | LoginUseRADIUSVerification
	knownLoginFlags            LoginFlags = 0x3f
)

// An AuthType is ISCSI_AUTH_TYPES of the reference API.
type AuthType uint32

// The types.
const (
	NoAuth     AuthType = 0 // credentials are kept and not used
	CHAP       AuthType = 1 // we prove ourselves
	MutualCHAP AuthType = 2 // the target does, too
)

// String returns the name that the command prints.
func (a AuthType) String() string {
	switch a {
	case NoAuth:
		return "none"
	case CHAP:
		return "chap"
	case MutualCHAP:
		return "mutual-chap"
	}
	return fmt.Sprintf("auth type %d", uint32(a))
}

// A CHAPPolicy says whether a portal may be asked without CHAP although there
// are credentials for it. It is ours: the reference API has no such setting.
type CHAPPolicy uint8

// The policies.
const (
	CHAPRequired  CHAPPolicy = iota // CHAP or no session: AuthMethod offers CHAP alone
	CHAPPreferred                   // AuthMethod offers CHAP,None and the target chooses; Result.Auth tells which
)

// String returns the name that the command takes and prints.
func (p CHAPPolicy) String() string {
	switch p {
	case CHAPRequired:
		return "required"
	case CHAPPreferred:
		return "preferred"
	}
	return fmt.Sprintf("CHAP policy %d", uint8(p))
}

// A DigestType is ISCSI_DIGEST_TYPES of the reference API, and one more.
type DigestType uint32

// The types.
const (
	DigestNone   DigestType = 0
	DigestCRC32C DigestType = 1 // CRC32C or no session

	// DigestPreferCRC32C is ours: CRC32C where the target can, else none. Its
	// number lies far from those that the reference API may yet assign.
	DigestPreferCRC32C DigestType = 0x100
)

// String returns the name that the command takes and prints.
func (d DigestType) String() string {
	switch d {
	case DigestNone:
		return "none"
	case DigestCRC32C:
		return "crc32c"
	case DigestPreferCRC32C:
		return "prefer-crc32c"
	}
	return fmt.Sprintf("digest type %d", uint32(d))
}

// LoginOptions are the options of the login to a portal (ISCSI_LOGIN_OPTIONS of
// the reference API). The zero value asks for no authentication and no digests.
// A field counts where its bit in Specified is set; Flags always count. A field that
// is set while its bit is clear is refused with a *isdsc.Error that names the bit: it
// would be ignored, and a login that was to use CHAP would be made without. UseCHAP and
// UseMutualCHAP set the bits.
type LoginOptions struct {
	Version   uint32 // 0
	Specified Specified
	Flags     LoginFlags

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

// has reports whether all bits of s are set.
func (o *LoginOptions) has(s Specified) bool { return o.Specified&s == s }

// nameOr returns our iSCSI name, where it is not left to others.
func (o *LoginOptions) nameOr(others string) string {
	if o.InitiatorName != "" {
		return o.InitiatorName
	}
	return others
}

// EffectiveAuthType returns AuthType where its bit is set in Specified, else NoAuth.
func (o *LoginOptions) EffectiveAuthType() AuthType {
	if o.has(SpecifiedAuthType) {
		return o.AuthType
	}
	return NoAuth
}

// validate holds o against the rules of the reference API that need no
// knowledge of the portal.
func (o *LoginOptions) validate() error {
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
	case o.Flags&LoginReserved1 != 0, o.Flags&^knownLoginFlags != 0:
		return refuse(isdsc.Win32InvalidParameter, "flags", "reserved or unknown bits "+hexBits(uint32(o.Flags&^(knownLoginFlags&^LoginReserved1))))
	case o.Flags&loginRADIUS != 0:
		return refuse(isdsc.RequestNotSupported, "flags", "RADIUS is not supported")
	case o.has(SpecifiedAuthType) && o.AuthType > MutualCHAP:
		return refuse(isdsc.InvalidLogonAuthType, "authentication type", "0, 1 and 2 are known")
	case o.has(SpecifiedHeaderDigest) && !o.HeaderDigest.valid():
		return refuse(isdsc.InvalidParameter, "header digest", "0 (none) and 1 (CRC32C) are known")
	case o.has(SpecifiedDataDigest) && !o.DataDigest.valid():
		return refuse(isdsc.InvalidParameter, "data digest", "0 (none) and 1 (CRC32C) are known")
	case o.has(SpecifiedMaximumConnections) && (o.MaximumConnections < 1 || o.MaximumConnections > 65535):
		return refuse(isdsc.InvalidParameter, "maximum connections", "1 to 65535")
	case o.has(SpecifiedDefaultTime2Wait) && o.DefaultTime2Wait > 3600:
		return refuse(isdsc.InvalidParameter, "default time2wait", "0 to 3600 seconds")
	case o.has(SpecifiedDefaultTime2Retain) && o.DefaultTime2Retain > 3600:
		return refuse(isdsc.InvalidParameter, "default time2retain", "0 to 3600 seconds")
	}
	return nil
}

func (d DigestType) valid() bool {
	return d == DigestNone || d == DigestCRC32C || d == DigestPreferCRC32C
}

func hexBits(v uint32) string {
	return fmt.Sprintf("0x%02x", v)
}

// String returns the flags as the command takes them, separated by commas.
func (f LoginFlags) String() string {
	names := []string{"require-ipsec", "multipath", "reserved1", "portal-hopping", "radius-response", "radius-verification"}
	var s []string
	for rest := uint32(f); rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest)
		if i < len(names) {
			s = append(s, names[i])
		} else {
			s = append(s, hexBits(1<<i))
		}
	}
	return strings.Join(s, ",")
}
