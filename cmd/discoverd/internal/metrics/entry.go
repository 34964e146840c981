package metrics

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An entry is what is known of one entry of the registry.
type entry struct {
	portal, instance, port string

	status       watch.Status
	targets      int
	answered     bool // there was an answer that succeeded: targets counts
	lastOK       time.Time
	lastAttempt  time.Time
	failingSince time.Time
	next         time.Time

	attempts map[outcome]uint64

	failure *Failure // of the last attempt; nil: it succeeded, or there was none
	auth    *authInfo
	ipsec   *ipsecInfo
}

// An outcome is how an attempt ended.
type outcome struct{ result, stage string }

// A Failure says why an attempt failed in words of which there are few: none of them is
// of a target's choice.
type Failure struct{ Stage, CodeName, LoginStatus string }

// FailureOf returns the Failure of an error; nil: err is nil.
func FailureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	f := &Failure{Stage: initiator.StageValidate.String(), CodeName: isdsc.Name(initiator.Code(err))}
	var (
		e     *initiator.Error
		login *pdu.LoginError
		moved *initiator.RedirectError
	)
	if errors.As(err, &e) {
		f.Stage = e.Stage.String()
	}
	switch {
	case errors.As(err, &moved):
		f.LoginStatus = statusText(uint16(moved.Status))
	case errors.As(err, &login):
		f.LoginStatus = statusText(uint16(login.Status))
	}
	return f
}

// statusText returns a login status as a label. A target may send any of 65,536, of which
// RFC 7143, section 11.13.5, knows those of four classes: the others share a word.
func statusText(status uint16) string {
	if status>>8 > 3 || status&0xff > 0x20 {
		return "other"
	}
	return fmt.Sprintf("0x%04x", status)
}

type authInfo struct{ method, algorithm, mutual string }

type ipsecInfo struct{ plan, origin, enforcer string }

// take takes in the state of the entry.
func (e *entry) take(s *watch.State) {
	e.status, e.lastOK, e.lastAttempt, e.failingSince, e.next = s.Status, s.LastOK, s.LastAttempt, s.FailingSince, s.Next
	e.targets, e.answered = s.Targets, !s.LastOK.IsZero()
	r := s.Last
	if r == nil {
		return
	}
	e.failure = FailureOf(r.Err)
	if r.Err == nil && r.Auth.Method != "" {
		a := &authInfo{method: strings.ToLower(r.Auth.Method), mutual: strconv.FormatBool(r.Auth.Mutual)}
		if r.Auth.Algorithm != 0 {
			a.algorithm = r.Auth.Algorithm.String()
		}
		e.auth = a
	}
	if r.Err == nil {
		e.ipsec = ipsecOf(r)
	}
}

// ipsecOf returns under which plan a portal answered.
func ipsecOf(r *initiator.Result) *ipsecInfo {
	i := &ipsecInfo{plan: r.IPsec.String(), origin: r.IPsec.Origin.String()}
	if r.Proof != nil {
		i.enforcer = r.Proof.Enforcer
	}
	return i
}
