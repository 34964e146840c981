package iscsiadm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// failed is the last line of a discovery that failed.
func failed(what string) string { return "Could not perform SendTargets discovery: " + what }

// The lines of the exit statuses, as recorded from iscsiadm 2.1.8.
var (
	timedOut     = failed("iSCSI PDU timed out")
	noConnection = failed("encountered connection failure")
	loginFailure = failed("encountered non-retryable iSCSI login failure")
	unauthorized = failed("iSCSI login failed due to authorization failure")
)

// TestStatus has each cause, made as the library makes it.
func TestStatus(t *testing.T) {
	t.Parallel()
	refused := func(s pdu.Status) error { return &pdu.LoginError{Status: s} }
	for _, tt := range []struct {
		name  string
		stage initiator.Stage
		err   error
		exit  int
		line  string
	}{
		{"a name without an address", initiator.StageResolve, &net.DNSError{IsNotFound: true}, 4, noConnection},
		{"a name server that is silent", initiator.StageResolve, &initiator.TimeoutError{Limit: time.Second}, 4, noConnection},
		{"no source address", initiator.StageSelectPort, errors.New("no port"), 11, timedOut},
		{"refused", initiator.StageConnect, &net.OpError{Err: syscall.ECONNREFUSED}, 11, timedOut},
		{"unreachable", initiator.StageConnect, &net.OpError{Err: syscall.EHOSTUNREACH}, 11, timedOut},
		{"no answer", initiator.StageConnect, &initiator.TimeoutError{Limit: time.Second}, 11, timedOut},
		{"lost in login", initiator.StageLogin, io.EOF, 11, timedOut},
		{"lost in a PDU of login", initiator.StageLogin, io.ErrUnexpectedEOF, 11, timedOut},
		{"reset in login", initiator.StageLogin, &net.OpError{Err: syscall.ECONNRESET}, 11, timedOut},
		{"the connection timed out in login", initiator.StageLogin, &net.OpError{Err: syscall.ETIMEDOUT}, 11, timedOut},
		{"not a PDU", initiator.StageLogin, &pdu.FormatError{}, 11, timedOut},
		{"too long a PDU", initiator.StageLogin, &pdu.SizeError{}, 11, timedOut},
		{"no login answer", initiator.StageLogin, &initiator.TimeoutError{Limit: time.Second}, 19, loginFailure},
		{"the caller's deadline in login", initiator.StageLogin, context.DeadlineExceeded, 19, loginFailure},
		{"another PDU", initiator.StageLogin, &pdu.ProtocolError{}, 19, loginFailure},
		{"malformed text", initiator.StageLogin, &pdu.TextError{}, 19, loginFailure},
		{"no agreement", initiator.StageLogin, &pdu.NegotiationError{Key: pdu.KeyAuthMethod}, 19, loginFailure},
		{"0200", initiator.StageLogin, refused(pdu.StatusInitiatorError), 19, loginFailure},
		{"0201", initiator.StageLogin, refused(pdu.StatusAuthFailure), 24, unauthorized},
		{"0202", initiator.StageLogin, refused(pdu.StatusAuthorizationFailed), 24, unauthorized},
		{"0203", initiator.StageLogin, refused(pdu.StatusNotFound), 19, loginFailure},
		{"02ff", initiator.StageLogin, refused(0x02ff), 19, loginFailure},
		{"0300", initiator.StageLogin, refused(pdu.StatusTargetError), 11, timedOut},
		{"0302", initiator.StageLogin, refused(pdu.StatusOutOfResources), 11, timedOut},
		{"0500", initiator.StageLogin, refused(0x0500), 11, timedOut},
		{"a redirection", initiator.StageLogin, &initiator.RedirectError{Status: pdu.StatusMovedTemporarily}, 11, timedOut},
		{"a redirection to another family", initiator.StageLogin, &isdsc.Error{Code: isdsc.AddressTypeNotSupported}, 11, timedOut},
		{"no proof", initiator.StageLogin, &auth.ProofError{}, 19, loginFailure},
		{"a reflection", initiator.StageLogin, &auth.ReflectionError{}, 19, loginFailure},
		{"a CHAP key", initiator.StageLogin, &auth.KeyError{}, 19, loginFailure},
		{"a CHAP algorithm", initiator.StageLogin, &auth.AlgorithmError{}, 19, loginFailure},
		{"a CHAP rejection", initiator.StageLogin, &auth.RejectionError{}, 19, loginFailure},
		{"both tries of CHAP", initiator.StageLogin, &initiator.CHAPFallbackError{First: &auth.AlgorithmError{}, Second: refused(pdu.StatusAuthFailure)}, 24, unauthorized},
		{"lost in the list", initiator.StageDiscover, io.EOF, 11, timedOut},
		{"no list", initiator.StageDiscover, &initiator.TimeoutError{Limit: time.Second}, 11, timedOut},
		{"rejected", initiator.StageDiscover, &pdu.RejectError{Reason: pdu.RejectDataDigest}, 11, timedOut},
		{"logged out", initiator.StageDiscover, &pdu.AsyncError{Event: pdu.AsyncLogout}, 11, timedOut},
		{"refused in words", initiator.StageDiscover, &target.AnswerError{Refusal: "Reject"}, 11, timedOut},
		{"nothing usable", initiator.StageDiscover, &target.AnswerError{LeftOut: 3}, 11, timedOut},
		{"malformed list", initiator.StageDiscover, &pdu.TextError{}, 11, timedOut},
		{"a limit", initiator.StageDiscover, &pdu.LimitError{What: "targets", Limit: 1}, 11, timedOut},
		{"no memory", initiator.StageDiscover, &initiator.MemoryError{Limit: 1}, 11, timedOut},
		{"equal secrets", initiator.StageValidate, &isdsc.Error{Code: isdsc.InvalidCHAPSecret}, 7, ""},
		{"IPsec that is not there", initiator.StageSecure, &ipsec.NoEnforcerError{}, 19, loginFailure},
		{"a registry that cannot be written", initiator.StageStore, io.ErrShortWrite, 6, "Could not add new discovery record."},
		{"interrupted", initiator.StageConnect, context.Canceled, 1, "caught SIGINT, exiting..."},
		{"interrupted while it resolves", initiator.StageResolve, fmt.Errorf("lookup: %w", context.Canceled), 1, "caught SIGINT, exiting..."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := initiator.Result{Err: &initiator.Error{Stage: tt.stage, Err: tt.err}, TargetsFound: 1}
			exit, line := Status(&r)
			if exit != tt.exit || line != tt.line {
				t.Errorf("got %d %q, want %d %q", exit, line, tt.exit, tt.line)
			}
		})
	}
}

func TestStatusOfOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		exit func() (int, string)
		want int
		line string
	}{
		{"targets", func() (int, string) { return Status(&initiator.Result{TargetsFound: 1}) }, 0, ""},
		{"collected targets", func() (int, string) { return Status(&initiator.Result{Targets: make([]target.Target, 1)}) }, 0, ""},
		{"no target", func() (int, string) { return Status(&initiator.Result{}) }, 21, "No portals found"},
		{"something foreign", func() (int, string) {
			return StatusOf(&initiator.Error{Stage: initiator.StageLogin, Foreign: "an HTTP server", Err: &pdu.ProtocolError{}})
		}, 11, timedOut},
		{"nothing", func() (int, string) { return StatusOf(nil) }, 0, ""},
		{"a command line", func() (int, string) { return StatusOf(&UsageError{Text: "x"}) }, 7, "x"},
		{"a record", func() (int, string) { return StatusOf(&UsageError{Text: "x", Exit: ExitStore}) }, 6, "x"},
		{"anything", func() (int, string) { return StatusOf(io.EOF) }, 1, ""},
	} {
		if exit, line := tt.exit(); exit != tt.want || line != tt.line {
			t.Errorf("%s: got %d %q, want %d %q", tt.name, exit, line, tt.want, tt.line)
		}
	}
	for exit, line := range lines {
		if exit == ExitOK || strings.HasPrefix(line, "iscsiadm") {
			t.Errorf("%d: %s", exit, line)
		}
	}
}
