package session

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A StatusError is a login that the target ended with a status other than
// success (RFC 7143, section 11.13.5).
type StatusError struct {
	Status pdu.Status

	// Address is, where Status is a redirection, the first TargetAddress that
	// came with it: as sent, at most 8 KiB of anything. Empty: none came.
	Address string
}

func (e *StatusError) Error() string { return "session: target refused: " + e.Status.String() }

// A ProtocolError is something that a target must not send.
type ProtocolError struct {
	Opcode pdu.Opcode // of the PDU at fault
	Reason string     // in lower case; never quotes the target
	Err    error      // of the parser, or nil
}

func (e *ProtocolError) Error() string {
	s := fmt.Sprintf("session: %s breaks the protocol: %s", e.Opcode, e.Reason)
	if e.Err != nil {
		s += ": " + strings.TrimPrefix(e.Err.Error(), "pdu: ")
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
		return fmt.Sprintf("session: %s: the target %s, which is not a legal value", e.Key, chosen)
	}
	return fmt.Sprintf("session: %s: we offered %s, the target %s", e.Key, e.Offered, chosen)
}

// LimitText is what a LimitError of SendTargets.MaxText is about.
const LimitText = "bytes of text"

// A LimitError is more than we take from a target in one exchange.
type LimitError struct {
	What  string // LimitText, …
	Limit int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("session: the target sent more than %d %s", e.Limit, e.What)
}

// A RejectError is a request that the target rejected (RFC 7143, section
// 11.17).
type RejectError struct {
	Reason pdu.RejectReason
}

func (e *RejectError) Error() string {
	return "session: target rejected our request: " + e.Reason.String()
}

// An AsyncError is a session that the target ended by an Async Message (RFC
// 7143, section 11.9).
type AsyncError struct {
	Event pdu.AsyncEvent
}

func (e *AsyncError) Error() string { return "session: target ends the session: " + e.Event.String() }

// quote makes a short piece of what a target sent fit for an error: bounded,
// and without anything that a terminal or a log could take for its own.
func quote(v []byte) string {
	const most = 64
	if len(v) > most {
		return fmt.Sprintf("%+q…", v[:most])
	}
	if len(v) == 0 {
		return `""`
	}
	for _, c := range v {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return fmt.Sprintf("%+q", v)
		}
	}
	return string(v)
}
