package auth

import "github.com/go-iscsi/discovery/pkg/pdu"

// A Method is a way to authenticate: [None] or a [*CHAP].
type Method interface {
	// Name returns what AuthMethod offers: this and nothing else, so that a
	// target cannot choose less, unless the user lets it choose None as well.
	Name() string

	// Begin starts a fresh run, with its own identifier and challenge.
	Begin() Exchange
}

// An Exchange is one run of a Method, for one goroutine. It reads the keys that the target
// sent and appends those to send:
//
//	x := method.Begin()
//	defer x.Close()
//	…Step until it reports that these keys are our last…
//	…Finish with the target's answer to them…
//
// Nothing counts as authenticated before Finish has returned nil, even if the target has
// moved on to the next stage of the login: some targets skip CHAP and log us in.
//
// An error ends the Exchange. Its types tell what to change: [*ConfigError] (our own
// settings), [*KeyError] (CHAP keys that are malformed or out of place), [*AlgorithmError]
// (none in common), [*RejectionError] (the target rejects our response),
// [*ReflectionError] and [*ProofError] (the target did not authenticate itself). No error
// quotes a secret or text of the target, except numbers and words of RFC 7143.
type Exchange interface {
	// Step reads the target's keys, none at first, and appends ours to reply.
	// It keeps neither slice. Last reports that these are the last keys of
	// ours, so that the security stage may be left with them.
	Step(reply, in pdu.Text) (out pdu.Text, last bool, err error)

	// Finish reads the target's answer to our last keys. It fails unless all
	// that was asked for has happened, so it is to be called before the
	// security stage is left, also where the target skipped steps.
	Finish(in pdu.Text) error

	// Outcome returns what has happened so far.
	Outcome() Outcome

	// Close forgets the challenge of ours. Until then, a target that sends it
	// back is caught. It is to be called once the session is over, and also the
	// sessions that it was redirected to.
	Close()
}

// An Outcome says what became of an Exchange.
type Outcome struct {
	Method    string    // as in AuthMethod
	Done      bool      // CHAP came to its end: the target took our response and, where it has to, proved itself
	Algorithm Algorithm // that the target chose; 0: none yet
	Mutual    bool      // the target proved itself

	// TargetUser is the CHAP_N of the target; empty: none came. It is UTF-8 of
	// at most 255 bytes, to be escaped where it is shown, and means nothing
	// unless Mutual is set.
	TargetUser string
}

// None is the Method of a login without authentication.
type None struct{}

// Name returns "None".
func (None) Name() string { return pdu.ValueNone }

// Begin starts a run, which has no keys in either direction.
func (None) Begin() Exchange { return noneExchange{} }

type noneExchange struct{}

func (noneExchange) Step(reply, in pdu.Text) (out pdu.Text, last bool, err error) {
	_, err = readKeys(in)
	return reply, err == nil, err
}

func (noneExchange) Finish(in pdu.Text) error {
	_, err := readKeys(in)
	return err
}

func (noneExchange) Outcome() Outcome { return Outcome{Method: pdu.ValueNone} }

func (noneExchange) Close() {}
