package initiator

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/hint"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// fail makes an *Error of an error that has its stage.
func (a *attempt) fail(err error) error {
	var e *Error
	if err == nil || errors.Is(err, errStopped) || errors.As(err, &e) {
		return err
	}
	stage := stageOf(err)
	err = unstaged(err)
	e = &Error{
		Stage:   stage,
		Portal:  a.result.Asked.Portal,
		Address: a.result.Address,
		Source:  a.result.Source,
		Err:     err,
	}
	if stage == StageLogin {
		e.Foreign = a.conn.foreign()
	}
	e.Hint = a.hint(stage, err)
	a.noteFailure(e)
	return e
}

// hint says what to do about a failure; empty where the cause says it all. It names
// the flags of the command, which are those of the fields of login.Options and
// Discoverer.
func (a *attempt) hint(stage Stage, err error) string {
	switch stage {
	case StageResolve:
		var dns *net.DNSError
		switch {
		case errors.As(err, &dns) && dns.IsNotFound:
			return "check the host name"
		case errors.As(err, &dns):
			return "check the name servers of this host, or give the address of the portal"
		}
	case StageSelectPort:
		return portHint(a.result.Asked.Portal)
	case StageSecure:
		return joinHints(hint.IPsec(err, a.request.Portal.IPsec.IKE), a.result.IPsec.Existing.Undo)
	case StageConnect:
		h := joinHints(portHint(a.result.Asked.Portal), connectHint(err, a.result.IPsec.Protects()))
		return joinHints(h, a.result.IPsec.Existing.Undo)
	case StageLogin:
		return joinHints(a.loginHint(err), a.foldedHint(err))
	case StageDiscover:
		return a.discoverHint(err)
	}
	return ""
}

// joinHints makes one hint of two, either of which may be empty.
func joinHints(first, second string) string {
	if first == "" || second == "" {
		return first + second
	}
	return first + "; " + second
}

// connectHint is about TCP, which may be under IPsec.
func connectHint(err error, protected bool) string {
	var timeout *TimeoutError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check the address and the TCP port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this host does not have the source address, or no free TCP port on it"
	case errors.Is(err, syscall.EINVAL):
		return "the source address cannot reach this portal: give another one, or none (--source)"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "too many files are open: raise ulimit -n, or ask fewer portals at once (--parallel)"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "check the route"
	case errors.As(err, &timeout) && protected:
		return "nothing came back under IPsec: check the log of the peer, whether its kernel has ESP, and its firewall"
	case errors.As(err, &timeout):
		return "check the route and the firewalls in between"
	}
	return ""
}

// loginHint is about the login exchange.
func (a *attempt) loginHint(err error) string {
	if what := a.conn.foreign(); what != "" {
		return "it answers like " + what + ": check the TCP port"
	}
	if hint := a.chapHint(err); hint != "" {
		return hint
	}
	chap := a.result.Asked.Login.EffectiveAuthType() != login.NoAuth
	var (
		login       *pdu.LoginError
		negotiation *pdu.NegotiationError
		redirect    *RedirectError
		timeout     *TimeoutError
		format      *pdu.FormatError
		protocol    *pdu.ProtocolError
	)
	switch {
	case errors.As(err, &login) && chap && a.chap == nil && login.Status == pdu.StatusAuthFailure:
		return "the host that we were redirected to wants CHAP, but credentials are sent to the first host only: if this host may have them, give --redirect any"
	case errors.As(err, &login):
		return a.statusHint(login.Status, chap)
	case errors.As(err, &redirect):
		return a.redirectHint()
	case errors.As(err, &negotiation):
		switch negotiation.Key {
		case pdu.KeyAuthMethod:
			return a.methodHint()
		case pdu.KeyHeaderDigest:
			return "the portal does not support this digest: prefer it instead of requiring it (--header-digest prefer-crc32c)"
		case pdu.KeyDataDigest:
			return "the portal does not support this digest: prefer it instead of requiring it (--data-digest prefer-crc32c)"
		}
	case errors.As(err, &format):
		return "what listens there does not speak iSCSI: check the TCP port"
	case errors.As(err, &protocol):
		return protocolHint
	case errors.As(err, &timeout):
		return "something listens there, but it does not speak iSCSI or is overloaded"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		if chap {
			return "some targets close the connection if CHAP is not set up for discovery (--chap-secret), or if they do not know the initiator name (--initiator-name)"
		}
		return "some targets close the connection if they want CHAP (--chap-user, --chap-secret), do not know the initiator name (--initiator-name), or have nothing to list"
	}
	return ""
}

// redirectHint is about a redirection that the policy does not follow.
func (a *attempt) redirectHint() string {
	switch {
	case a.redirectPolicy() == login.RedirectNone:
		return "to follow it, give --redirect same-host or --redirect any"
	case a.otherHost && a.redirectPolicy() == login.RedirectSameHost && a.result.Asked.Login.EffectiveAuthType() == login.MutualCHAP:
		return "if that host may have the secrets, give --redirect any"
	}
	return ""
}

// limitHint is for a target that sent more than we accept.
const limitHint = "raise the limit if you trust the portal with it"

// protocolHint is for a target that sent what it must not send.
const protocolHint = "see the exchange with --trace, or record it for the vendor of the target with --capture"

// What a pdu.LimitError is about where the caller can raise the limit.
const (
	limitText    = session.LimitText
	limitTargets = "targets"
)

// discoverHint is about the list.
func (a *attempt) discoverHint(err error) string {
	var (
		answer  *target.AnswerError
		limit   *pdu.LimitError
		memory  *MemoryError
		timeout *TimeoutError

		protocol *pdu.ProtocolError
	)
	switch {
	case errors.As(err, &answer):
		return a.answerHint(answer)
	case errors.As(err, &limit) && limit.What == limitText:
		return limitHint + " (--max-text)"
	case errors.As(err, &limit) && limit.What == limitTargets:
		return limitHint + " (--max-targets)"
	case errors.As(err, &memory):
		return memoryHint
	case errors.As(err, &timeout):
		return a.stalledHint()
	case errors.As(err, &protocol):
		return protocolHint
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Sprintf("the login worked, and %d bytes of the list arrived: try again; see what the portal does with --trace", a.conn.listBytes())
	}
	return ""
}

// answerHint is about an answer without a target.
func (a *attempt) answerHint(e *target.AnswerError) string {
	switch {
	case e.Refusal != "":
		return "the portal does not answer SendTargets: check that discovery is enabled there, or ask another portal of the array"
	case e.LeftOut > 0 && a.d.StrictNames:
		return "the warnings say what is wrong with each name; without --strict-names, harmless names are listed"
	case e.LeftOut > 0:
		return "the warnings say what is wrong with each name"
	}
	return "see the whole answer with --trace"
}

// stalledHint is about a list of which no more comes. Where packets of full size are
// lost on the way, the login comes through, since its PDUs are small.
func (a *attempt) stalledHint() string {
	if n := a.conn.listBytes(); n > 0 {
		return fmt.Sprintf("%d bytes of the list arrived: if it stopped there, the cause may be an MTU mismatch on the path; a long list needs more time (--timeout)", n)
	}
	return "the login worked, but 0 bytes of the list arrived: the cause may be an MTU mismatch on the path, or an overloaded portal"
}

// portHint asks about an IPv6 address without brackets that ends in what looks like
// a TCP port; empty: it does not.
func portHint(p Portal) string {
	if strings.Count(p.Host(), ":") < 2 {
		return ""
	}
	i := strings.LastIndexByte(p.Host(), ':')
	address, port := p.Host()[:i], p.Host()[i+1:]
	meant, err := ParsePortal("["+address+"]:"+port, p.Port)
	if err != nil || meant.Port != p.Port && meant.Port != pdu.DefaultPort {
		return ""
	}
	return "did you mean " + text.Shown(meant.String()) + "? An IPv6 address with a port is written in brackets"
}

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
