package isns_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestErrors: what an error says in its one line, and its code.
func TestErrors(t *testing.T) {
	t.Parallel()
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	for _, tt := range []struct {
		stage isns.Stage // empty: StageQuery
		err   error
		want  string // behind the server and our address
		code  uint32
	}{
		{isns.StageConnect, dial(syscall.ECONNREFUSED), "connection refused; nothing listens there: check the address and the TCP port", isdsc.WSAConnectionRefused},
		{isns.StageConnect, dial(syscall.ENETUNREACH), "network is unreachable; check the route", isdsc.WSANetworkUnreachable},
		{"", &isns.VersionError{Version: 0x4854}, "what it sent is no message of iSNS; is it an iSNS server that listens there?", isdsc.IncompatibleISNSVersion},
		{"", &isns.VersionError{Version: 2}, "the server speaks version 2 of iSNSP, and this client version 1; is it an iSNS server that listens there?", isdsc.IncompatibleISNSVersion},
		{isns.StageConnect, &initiator.TimeoutError{Limit: isns.DefaultTimeout}, "no answer within 15s; check the route and the firewalls in between", isdsc.WSATimedOut},
		{isns.StageResolve, &net.DNSError{Err: "no such host", Name: "isns1", IsNotFound: true}, "no such host; check the host name", isdsc.WSAHostNotFound},
		{isns.StageResolve, &net.DNSError{Err: "server misbehaving", Name: "isns1"}, "server misbehaving; check the name servers of this host, or give the address of the server", isdsc.WSAHostNotFound},
		{"", &isns.FormatError{Function: isns.FuncSCN, Reason: "x"}, "bad SCN: x; is it an iSNS server that listens there?", isdsc.TransportError},
		{"", &isns.StatusError{Function: isns.FuncDevAttrQry, Status: isns.StatusUnsupportedVersion}, "the server refused DevAttrQry: version not supported (10)", isdsc.IncompatibleISNSVersion},
		{"", &isns.StatusError{Function: isns.FuncDevAttrQry, Status: isns.StatusBusy}, "the server refused DevAttrQry: busy (12); try again later", isdsc.ServiceUnavailable},
		{"", io.ErrUnexpectedEOF, "the server closed the connection before it had answered", isdsc.TransportError},
		{"", context.Canceled, "context canceled", isdsc.Win32Cancelled},
		{"", &initiator.TimeoutError{Limit: isns.DefaultTimeout}, "no answer within 15s", isdsc.WSATimedOut},
	} {
		stage := cmp.Or(tt.stage, isns.StageQuery)
		e := &isns.Error{Stage: stage, Server: initiator.Portal{Address: "2001:db8::5", Port: 3205}, Source: netip.MustParseAddr("2001:db8::9"), Err: tt.err}
		if got, want := e.Error(), string(stage)+" iSNS server [2001:db8::5]:3205 from 2001:db8::9: "+tt.want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := initiator.Code(e); got != tt.code {
			t.Errorf("%v: got code %s, want %s", tt.err, isdsc.Name(got), isdsc.Name(tt.code))
		}
	}
}

// TestErrorPort: an error names the TCP port that was meant, also where the caller gave none.
func TestErrorPort(t *testing.T) {
	t.Parallel()
	s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{})
	c := isns.Client{Name: us, Dial: s.Dial}
	_, _, err := c.Ask(t.Context(), isns.Request{
		Server: initiator.Portal{Address: "isns.example.com"},
		Lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") },
	})
	if err == nil || !strings.HasPrefix(err.Error(), "resolve iSNS server isns.example.com:3205: ") {
		t.Errorf("got %v, want the TCP port 3205", err)
	}
}

// TestErrorOfAddresses: of several addresses of a server, one that answered says more than
// one that did not.
func TestErrorOfAddresses(t *testing.T) {
	t.Parallel()
	s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Spoil: func(_ *isnstest.Request, r *isnstest.Reply) { r.Payload = isnstest.Refusal(isns.StatusUnauthorized) }})
	c := isns.Client{Name: us, Dial: s.Dial}
	for _, order := range [][]netip.Addr{
		{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
		{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")},
	} {
		_, _, err := c.Ask(t.Context(), isns.Request{
			Server: initiator.Portal{Address: "isns.example.com"},
			Lookup: func(context.Context, string) ([]netip.Addr, error) { return order, nil },
		})
		if err == nil || !strings.HasPrefix(err.Error(), "query iSNS server 192.0.2.1:3205 from 192.0.2.254: the server refused DevAttrQry: source unauthorized (8)") {
			t.Errorf("%v: got %v, want the refusal", order, err)
		}
	}
}

// TestWindowsCode: on Windows the error of a connection is the code itself.
func TestWindowsCode(t *testing.T) {
	t.Parallel()
	err := &isns.Error{Stage: isns.StageConnect, Err: os.NewSyscallError("connectex", syscall.Errno(isdsc.WSAConnectionRefused))}
	if got := initiator.Code(err); got != isdsc.WSAConnectionRefused {
		t.Errorf("got code %d, want %d", got, isdsc.WSAConnectionRefused)
	}
}
