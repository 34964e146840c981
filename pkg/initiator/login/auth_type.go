package login

import "fmt"

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
