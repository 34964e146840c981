package initiator

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// statusHint is about a status of RFC 7143.
func (a *attempt) statusHint(status pdu.Status, chap bool) string {
	switch status {
	case pdu.StatusAuthFailure, pdu.StatusInitiatorError:
		switch {
		case status == pdu.StatusInitiatorError && a.result.Auth.Done:
			return ""
		case chap:
			return "check the CHAP name and secret (--chap-user, --chap-secret)" + a.algorithmHint() + ", and whether CHAP is set up for discovery at the portal"
		case status == pdu.StatusInitiatorError:
			return "some targets refuse like this if they want CHAP (--chap-user, --chap-secret), or if they do not know the initiator name (--initiator-name)"
		}
		return "the portal wants CHAP for discovery: give a CHAP name and secret (--chap-user, --chap-secret)"
	case pdu.StatusAuthorizationFailed, pdu.StatusNotFound:
		return "the portal does not serve initiator " + text.Shown(a.result.InitiatorName) + ": check under which name it knows this host (--initiator-name)"
	case pdu.StatusServiceUnavailable, pdu.StatusOutOfResources, pdu.StatusTargetError:
		return "try again later"
	case pdu.StatusTargetRemoved, pdu.StatusSessionTypeUnknown:
		return "the portal offers no discovery: ask another portal of the array"
	case pdu.StatusTooManyConnections:
		return "the portal has no place for another session of initiator " + text.Shown(a.result.InitiatorName) + ": check whether other hosts use this name (--initiator-name)"
	case pdu.StatusUnsupportedVersion, pdu.StatusMissingParameter, pdu.StatusCannotInclude, pdu.StatusNoSuchSession, pdu.StatusInvalidDuringLogin:
		return protocolHint
	}
	return ""
}

// algorithmHint names the algorithm of CHAP among what to check; empty for MD5, which
// all targets compute alike.
func (a *attempt) algorithmHint() string {
	switch chosen := a.result.Auth.Algorithm; chosen {
	case 0:
		return ", the algorithms (--chap-algorithms)"
	case auth.MD5:
		return ""
	default:
		return ", the algorithm, which was " + chosen.String() + " (--chap-algorithms)"
	}
}

// foldedHint is about a login that is refused by a name that earlier versions did not
// send as it was given.
func (a *attempt) foldedHint(err error) string {
	var login *pdu.LoginError
	if !errors.As(err, &login) {
		return ""
	}
	switch login.Status {
	case pdu.StatusInitiatorError, pdu.StatusAuthFailure, pdu.StatusAuthorizationFailed, pdu.StatusNotFound:
		if folded := name.Fold(a.result.InitiatorName); folded != a.result.InitiatorName {
			return "earlier versions of discover sent the initiator name in lower case: if the portal knows it like that, give --initiator-name " + text.Shown(folded)
		}
	}
	return ""
}
