package session

import (
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An AuthProgress says how far the authentication of a login came. What is sent is
// what Step returned: whether the target got it, only the network can tell.
type AuthProgress uint8

// The steps, in order.
const (
	AuthNotBegun AuthProgress = iota // no key of the method was sent
	AuthOffered                      // its first keys were, and more are to follow: of CHAP the list of algorithms
	AuthAnswered                     // its last keys were: of CHAP our response
	AuthFinished                     // the target's answer to these was read, and nothing was missing
)

// AuthProgress returns how far the authentication came, also after an error.
func (l *Login) AuthProgress() AuthProgress { return l.progress }

// Outcome returns what has happened of authentication, also after an error. Its
// Method is empty until it is agreed on: with Auth by the target's choice,
// without by the end of the login.
func (l *Login) Outcome() auth.Outcome {
	switch {
	case l.agreed:
		return l.cfg.Auth.Outcome()
	case l.cfg.Auth == nil && l.done:
		return auth.Outcome{Method: pdu.ValueNone}
	}
	return auth.Outcome{}
}

// method is the answer to AuthMethod.
func (l *Login) method(a *answer) error {
	switch {
	case a.method == l.cfg.Method:
	case l.cfg.OrNone && a.method == pdu.ValueNone:
		l.cfg.Auth = auth.None{}.Begin() // takes no keys of CHAP
	default:
		return &pdu.NegotiationError{Key: pdu.KeyAuthMethod, Offered: l.cfg.methods(), Chosen: a.method}
	}
	l.agreed = true
	l.state = (*Login).authenticate
	return l.authenticate(a)
}

// authenticate is the rest of the security stage.
func (l *Login) authenticate(a *answer) (err error) {
	switch {
	case a.transit && !l.request.Transit:
		// The target leaves the stage without us: the exchange has to say
		// whether anything is missing. (LIO skips CHAP like this.)
		if err := l.cfg.Auth.Finish(a.auth); err != nil {
			return err
		}
		return &pdu.ProtocolError{Opcode: pdu.OpLoginResponse, Reason: "it leaves the stage before we asked"}
	case l.progress < AuthAnswered:
		return l.authStep(a)
	case l.progress == AuthAnswered:
		// Before anything else is sent the target has proved itself, or not.
		if err := l.cfg.Auth.Finish(a.auth); err != nil {
			return err
		}
		l.progress = AuthFinished
	case len(a.auth) > 0:
		return &pdu.ProtocolError{Opcode: pdu.OpLoginResponse, Reason: "CHAP keys after the last step of CHAP"}
	}
	l.text = append(l.text[:0], a.replies...)
	if a.transit {
		// The stage is over, and with it what the target proposed in it.
		l.text = l.text[:0]
		l.enterOperational()
	}
	return nil
}

// authStep takes a step of the exchange that has keys of ours.
func (l *Login) authStep(a *answer) (err error) {
	// Answers of ours go ahead of the exchange's keys.
	l.text = append(l.text[:0], a.replies...)
	var last bool
	l.text, last, err = l.cfg.Auth.Step(l.text, a.auth)
	switch {
	case err != nil:
		return err
	case last:
		l.progress = AuthAnswered
		l.transit(pdu.LoginOperationalNegotiation)
	default:
		l.progress = AuthOffered
	}
	return nil
}
