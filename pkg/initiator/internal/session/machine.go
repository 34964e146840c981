package session

import "github.com/go-iscsi/discovery/pkg/pdu"

// A Machine is one exchange of a session: login, SendTargets or logout. The machines of one
// session share its [Numbers] and run one after the other. They reuse the memory of the
// session before:
//
//	n.Reset()
//	login.Reset(n, session.LoginConfig{…})
//	…run it, then switch the digests of login.Result() on…
//	list.Reset(n, yield)
//	…run it…
//	logout.Reset(n)
type Machine interface {
	// Step turns the PDU last received into the next one to send. The first
	// call gets nil. A nil out asks for another PDU without sending one. What
	// it returns is valid until the next call. After done or an error it is
	// not called again.
	Step(in pdu.PDU) (out pdu.PDU, done bool, err error)
}

// A Settler is a Machine that may have left something of the last PDU received to
// do while the next one is on its way. Settle does it, and is called before that
// is read; its error ends the exchange.
type Settler interface {
	Machine
	Settle() error
}

// Bounds on what a target can make us do.
const (
	maxLoginRounds = 64       // requests in one login
	maxLoginText   = 64 << 10 // bytes of text that a target may send in one login
	maxProposals   = 64       // keys in one response that want an answer of ours
	maxUnsolicited = 1024     // NOP-In and Async Messages in one exchange
	maxEmptyInARow = 8        // text responses without text, one after the other
	maxTextPDUs    = 1 << 21  // text responses in one exchange
)
