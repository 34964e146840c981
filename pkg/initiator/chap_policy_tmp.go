package initiator

import "fmt"

// A CHAPPolicy says whether a target has to do CHAP where we have credentials.
type CHAPPolicy uint8

// The policies.
const (
	CHAPRequired  CHAPPolicy = iota // a target that skips CHAP has failed
	CHAPPreferred                   // a target may choose to do without
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
