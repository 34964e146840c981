package sweep

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// failed is the result of a portal that failed at a stage.
func failed(stage initiator.Stage, err error) *initiator.Result {
	return &initiator.Result{Err: &initiator.Error{Stage: stage, Err: err}}
}

// dialFailed is what a dialer returns for a failed system call.
func dialFailed(errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	const connect, login, discover = initiator.StageConnect, initiator.StageLogin, initiator.StageDiscover
	foreign := failed(login, &pdu.ProtocolError{})
	foreign.Err.(*initiator.Error).Foreign = "an SSH server"
	chap := failed(login, &initiator.TimeoutError{})
	chap.Auth.Algorithm = auth.MD5
	redirected := failed(connect, dialFailed(syscall.ECONNREFUSED))
	redirected.Redirects = []initiator.Redirect{{}}
	for _, tt := range []struct {
		name string
		r    *initiator.Result
		want Group
		why  string
	}{
		{"an answer", &initiator.Result{}, Answered, ""},
		{"silent", failed(connect, &initiator.TimeoutError{}), Silent, "no answer in time"},
		{"silent for the kernel", failed(connect, dialFailed(syscall.ETIMEDOUT)), Silent, "no answer in time"},
		{"refused", failed(connect, dialFailed(syscall.ECONNREFUSED)), Refused, syscall.ECONNREFUSED.Error()},
		{"no route", failed(connect, dialFailed(syscall.EHOSTUNREACH)), Unreachable, syscall.EHOSTUNREACH.Error()},
		{"no network", failed(connect, dialFailed(syscall.ENETUNREACH)), Unreachable, syscall.ENETUNREACH.Error()},
		{"files", failed(connect, dialFailed(syscall.EMFILE)), Unconnected, syscall.EMFILE.Error()},
		{"ports", failed(connect, dialFailed(syscall.EADDRNOTAVAIL)), Unconnected, syscall.EADDRNOTAVAIL.Error()},
		{"a dialer of the caller", failed(connect, io.ErrClosedPipe), Unconnected, "other reasons"},
		{"SSH", foreign, Foreign, "an SSH server"},
		{"garbage", failed(login, &pdu.ProtocolError{}), Foreign, "another protocol"},
		{"no word", failed(login, &initiator.TimeoutError{}), Foreign, "no answer to the login"},
		{"hung up", failed(login, io.EOF), Foreign, "closed the connection"},
		{"reset", failed(login, &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}), Foreign, "closed the connection"},
		{"a status", failed(login, &pdu.LoginError{Status: pdu.StatusOutOfResources}), Refusing, "out of resources"},
		{"an unknown status", failed(login, &pdu.LoginError{Status: 0x02ff}), Refusing, "unknown initiator error"},
		{"CHAP twice", failed(login, &initiator.CHAPFallbackError{First: io.EOF, Second: &pdu.LoginError{Status: pdu.StatusAuthFailure}}), Refusing, "authentication failure"},
		{"CHAP", failed(login, &auth.ProofError{}), Refusing, "CHAP"},
		{"CHAP that hangs", chap, Refusing, "CHAP"},
		{"no digest", failed(login, &pdu.NegotiationError{Key: pdu.KeyHeaderDigest}), Refusing, "no agreement on HeaderDigest"},
		{"a redirection", failed(login, &initiator.RedirectError{}), Refusing, "a redirection that was not followed"},
		{"sent to nowhere", redirected, Refusing, "after a redirection"},
		{"reject", failed(login, &pdu.RejectError{}), Refusing, "a rejected request"},
		{"reject of the list", failed(discover, &pdu.RejectError{}), Refusing, "a rejected request"},
		{"a list that stops", failed(discover, &initiator.TimeoutError{}), Refusing, "no list in time"},
		{"a list that breaks off", failed(discover, io.EOF), Refusing, "no complete list"},
		{"IPsec", failed(initiator.StageSecure, io.EOF), Failed, "IPsec"},
		{"no port", failed(initiator.StageSelectPort, io.EOF), Failed, "select-port"},
		{"no name", failed(initiator.StageResolve, io.EOF), Failed, "resolve"},
		{"cancelled", failed(connect, context.Canceled), Interrupted, ""},
		{"cancelled later", failed(login, context.Canceled), Interrupted, ""},
		{"cancelled before", failed(initiator.StageValidate, context.Canceled), NotAsked, ""},
	} {
		if g, why := GroupOf(tt.r); g != tt.want || why != tt.why {
			t.Errorf("%s: got %d, %q, want %d, %q", tt.name, g, why, tt.want, tt.why)
		}
	}
}

// TestSummary: each group has its place, the worst last.
func TestSummary(t *testing.T) {
	t.Parallel()
	b := &Block{Text: "10.0.0.0/16", Count: 65534}
	for g := range groups {
		for n := range int(g) + 1 {
			why := fmt.Sprintf("reason %d", n/2)
			if g == Answered {
				why = ""
			}
			b.Take(g, why)
		}
	}
	const want = "10.0.0.0/16: 1 of 65534 addresses answered, 2 failed in iSCSI (reason 0: 2), 3 not iSCSI (reason 0: 2, reason 1: 1), " +
		"4 failed otherwise (reason 0: 2, reason 1: 2), 5 refused the connection, 6 unreachable (reason 0: 2, reason 1: 2, reason 2: 2), " +
		"7 silent, 8 could not be tried (reason 0: 2, reason 1: 2, reason 2: 2, reason 3: 2), 9 without a result when interrupted, 65489 not asked"
	if diff := cmp.Diff(want, b.Summary()); diff != "" {
		t.Errorf("(- want, + got):\n%s", diff)
	}
}

// TestManyReasons: targets do not make a summary of any length.
func TestManyReasons(t *testing.T) {
	t.Parallel()
	b := &Block{Text: "10.0.0.0/16", Count: 65534}
	for i := range 1000 {
		b.Take(Refusing, fmt.Sprintf("reason %d", i))
	}
	why := b.Why(Refusing)
	if len(why) != maxReasons+1 || why[otherReasons] != 1000-maxReasons || strings.Count(b.Summary(), "reason") != maxReasons+1 {
		t.Errorf("got %v", why)
	}
}

// TestBestOutcome: of an address that was asked from several ports the best result counts.
func TestBestOutcome(t *testing.T) {
	t.Parallel()
	refused, silent := failed(initiator.StageConnect, dialFailed(syscall.ECONNREFUSED)), failed(initiator.StageConnect, &initiator.TimeoutError{})
	denied, cancelled := failed(initiator.StageLogin, &pdu.LoginError{Status: pdu.StatusNotFound}), failed(initiator.StageConnect, context.Canceled)
	notBegun := failed(initiator.StageValidate, context.Canceled)
	for _, tt := range []struct {
		name    string
		results []*initiator.Result
		want    string
	}{
		{"answer last", []*initiator.Result{silent, refused, {}}, "b: 1 of 1 address answered"},
		{"answer first", []*initiator.Result{{}, cancelled, silent}, "b: 1 of 1 address answered"},
		{"iSCSI", []*initiator.Result{silent, denied, refused}, "b: 0 of 1 address answered, 1 failed in iSCSI (not found: 1)"},
		{"refused", []*initiator.Result{silent, cancelled, refused}, "b: 0 of 1 address answered, 1 refused the connection"},
		{"cancelled first", []*initiator.Result{cancelled, silent}, "b: 0 of 1 address answered, 1 silent"},
		{"cancelled", []*initiator.Result{cancelled, cancelled}, "b: 0 of 1 address answered, 1 without a result when interrupted"},
		{"cancelled between", []*initiator.Result{cancelled, notBegun}, "b: 0 of 1 address answered, 1 without a result when interrupted"},
		{"not begun", []*initiator.Result{notBegun, notBegun}, "b: 0 of 1 address answered, 1 not asked"},
	} {
		var tally Tally
		b := &Block{Text: "b", Count: 1}
		for _, r := range tt.results {
			g, why := GroupOf(r)
			tally.countAddress(b, Session{of: len(tt.results)}, outcome{group: g, why: why})
		}
		if got := b.Summary(); got != tt.want || len(tally.open) != 0 {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
