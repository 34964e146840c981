package pdu

import "fmt"

// A LoginError is a login that the target ended with a status other than
// success (RFC 7143, section 11.13.5).
type LoginError struct {
	Status Status

	// Address is, where Status is a redirection, the first TargetAddress that
	// came with it: as sent, at most 8 KiB of anything. Empty: none came.
	Address string
}

func (e *LoginError) Error() string { return "target refused: " + e.Status.String() }

// A ProtocolError is something that a target must not send.
type ProtocolError struct {
	Opcode Opcode // of the PDU at fault
	Reason string // in lower case; never quotes the target
	Err    error  // of the parser, or nil
}

func (e *ProtocolError) Error() string {
	s := fmt.Sprintf("%s breaks the protocol: %s", e.Opcode, e.Reason)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the parser's error.
func (e *ProtocolError) Unwrap() error { return e.Err }

// A NegotiationError is a key on which we and the target do not agree.
type NegotiationError struct {
	Key     string // of RFC 7143
	Offered string // what we sent; empty where the target spoke first
	Chosen  string // what the target answered, quoted and cut to a short length; empty: no answer
}

func (e *NegotiationError) Error() string {
	chosen := "did not answer"
	if e.Chosen != "" {
		chosen = "chose " + e.Chosen
	}
	if e.Offered == "" {
		return fmt.Sprintf("%s: the target %s, which is not a legal value", e.Key, chosen)
	}
	return fmt.Sprintf("%s: we offered %s, the target %s", e.Key, e.Offered, chosen)
}

// A LimitError is more than we take from a target in one exchange.
type LimitError struct {
	What  string // what there was too much of, in a few words
	Limit int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the target sent more than %d %s", e.Limit, e.What)
}

// A RejectError is a request that the target rejected (RFC 7143, section
// 11.17).
type RejectError struct {
	Reason RejectReason
}

func (e *RejectError) Error() string {
	return "target rejected our request: " + e.Reason.String()
}

// An AsyncError is a session that the target ended by an Async Message (RFC
// 7143, section 11.9).
type AsyncError struct {
	Event AsyncEvent
}

func (e *AsyncError) Error() string { return "target ends the session: " + e.Event.String() }
