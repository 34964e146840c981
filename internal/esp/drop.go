package esp

import "strconv"

// A Reason is why a packet was dropped.
type Reason uint8

// The reasons.
const (
	TooShort  Reason = iota + 1
	OtherSPI         // the packet is of another security association
	Unaligned        // the encrypted text is no multiple of the cipher's block
	Replayed         // the sequence number came before, or is too old
	Forged           // the check value is wrong: another key, or the packet was changed on its way
	Padding          // the padding of an authenticated packet breaks the rules
	Ended            // the security association was wiped
)

// String returns the reason in lower case.
func (r Reason) String() string {
	switch r {
	case TooShort:
		return "too short"
	case OtherSPI:
		return "other SPI"
	case Unaligned:
		return "not a multiple of the block"
	case Replayed:
		return "replayed or too old"
	case Forged:
		return "wrong integrity check value"
	case Padding:
		return "wrong padding"
	case Ended:
		return "the security association has ended"
	}
	return "reason " + strconv.Itoa(int(r))
}

// A DropError is a packet that was dropped.
type DropError struct{ Reason Reason }

func (e *DropError) Error() string { return "the packet was dropped: " + e.Reason.String() }

// drops has an error for each reason, so that a flood of bad packets allocates nothing.
var drops = [...]*DropError{
	TooShort: {TooShort}, OtherSPI: {OtherSPI}, Unaligned: {Unaligned}, Replayed: {Replayed},
	Forged: {Forged}, Padding: {Padding}, Ended: {Ended},
}

func drop(r Reason) error { return drops[r] }
