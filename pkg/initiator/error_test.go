package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestDialErrors: what the network says, and what to do about it.
func TestDialErrors(t *testing.T) {
	t.Parallel()
	system := func(call string, err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError(call, err)}
	}
	tests := []struct {
		name string
		err  error
		text string
	}{
		{name: "refused", err: system("connect", syscall.ECONNREFUSED), text: "connect to 192.0.2.1:3260: connection refused; nothing listens there: check the address and the TCP port"},
		{name: "no route", err: system("connect", syscall.ENETUNREACH), text: "network is unreachable; check the route"},
		{name: "no host", err: system("connect", syscall.EHOSTUNREACH), text: "no route to host; check the route"},
		{name: "no such source", err: system("bind", syscall.EADDRNOTAVAIL), text: "this host does not have the source address"},
		{name: "a source on another network", err: system("connect", syscall.EINVAL), text: "connect to 192.0.2.1:3260: invalid argument; the source address cannot reach this portal: give another one, or none (--source)"},
		{name: "given up", err: system("connect", syscall.ETIMEDOUT), text: "connect to 192.0.2.1:3260: no answer in time; check the route and the firewalls in between"},
		{name: "another", err: &net.OpError{Op: "dial", Err: errors.New("no")}, text: "connect to 192.0.2.1:3260: no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Dial = func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) { return nil, tt.err }
				r, _ := discover(t, d, scene.At(netip.MustParseAddrPort(scene.Where)))
				scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageConnect, Code: isdsc.ConnectionFailed, Retry: true, Text: tt.text})
			})
		})
	}
}

// TestConfigErrors: what cannot work is refused before anything is sent, by the
// reference API's number, and what was given is not repeated to a terminal.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	address := func(address string, port uint16) func(*initiator.Discoverer, *initiator.SendTargetPortal) {
		return func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			p.Portal = initiator.Portal{Address: address, Port: port}
		}
	}
	atLogin := func(change func(o *login.Options)) func(*initiator.Discoverer, *initiator.SendTargetPortal) {
		return func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			*p = withAll(*p)
			change(&p.Login)
		}
	}
	tests := []struct {
		name   string
		change func(d *initiator.Discoverer, p *initiator.SendTargetPortal)
		code   uint32
	}{
		{name: "no name", code: isdsc.InvalidISCSIName, change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.InitiatorName = "" }},
		{name: "bad name", code: isdsc.InvalidISCSIName, change: func(d *initiator.Discoverer, _ *initiator.SendTargetPortal) { d.InitiatorName = "iqn.\x1b[2J" }},
		{name: "no address", code: isdsc.NoPortalSpecified, change: address("", 3260)},
		{name: "no port", code: isdsc.Win32InvalidParameter, change: address("192.0.2.1", 0)},
		{name: "control characters", code: isdsc.Win32InvalidParameter, change: address("\x1b[2J\n", 3260)},
		{name: "control characters in a zone", code: isdsc.InvalidHost, change: address("ff02::1%\x1b[2J", 3260)},
		{name: "a long address", code: isdsc.Win32InvalidParameter, change: address(strings.Repeat("a", 300), 3260)},
		{name: "a long label", code: isdsc.Win32InvalidParameter, change: func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			p.Portal.SymbolicName = strings.Repeat("a", 300)
		}},
		{name: "source of the other family", code: isdsc.AddressTypeNotSupported, change: func(_ *initiator.Discoverer, p *initiator.SendTargetPortal) {
			p.Source = netip.MustParseAddr("2001:db8::1")
		}},
		{name: "no CHAP name", code: isdsc.InvalidCHAPUserName, change: atLogin(func(o *login.Options) { o.Username = "" })},
		{name: "a long CHAP name", code: isdsc.InvalidCHAPUserName, change: atLogin(func(o *login.Options) { o.Username = strings.Repeat("a", 256) })},
		{name: "a target's name that is not UTF-8", code: isdsc.InvalidCHAPUserName, change: atLogin(func(o *login.Options) { o.TargetUsername = "\xff" })},
		{name: "an algorithm twice", code: isdsc.InvalidParameter, change: atLogin(func(o *login.Options) {
			o.CHAPAlgorithms = []auth.Algorithm{auth.MD5, auth.MD5}
		})},
		{name: "an unknown digest", code: isdsc.InvalidParameter, change: atLogin(func(o *login.Options) { o.HeaderDigest = 7 })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				p := scene.Portal(n, scene.Where, &iscsitest.Target{})
				tt.change(d, &p)
				r, _ := discover(t, d, p)
				scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageValidate, Code: tt.code})
				if len(n.Dials()) != 0 {
					t.Errorf("dials %v", n.Dials())
				}
			})
		})
	}
}

// TestNegotiationErrors: keys on which we and a target do not agree.
func TestNegotiationErrors(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, scene.Where, &iscsitest.Target{})
		p.Login.Specified, p.Login.HeaderDigest = login.SpecifiedHeaderDigest, login.DigestCRC32C
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.LoginFailed, Text: "HeaderDigest: we offered CRC32C, the target chose Reject; the portal does not support this digest"})
		r, _ = discover(t, d, scene.WithCHAP(scene.Portal(n, scene.Where, &iscsitest.Target{}), scene.CHAPUser, scene.CHAPSecret))
		scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure, Text: "0x0201"})
	})
}

// TestErrorOfNothing: errors that are not of a portal.
func TestErrorOfNothing(t *testing.T) {
	t.Parallel()
	if got := initiator.Code(nil); got != isdsc.Success {
		t.Errorf("nil: %s", isdsc.Name(got))
	}
	if got := initiator.Code(errors.New("x")); got != isdsc.NonSpecificError {
		t.Errorf("unknown: %s", isdsc.Name(got))
	}
	if initiator.Retryable(nil) || initiator.Retryable(errors.New("x")) {
		t.Error("nothing is to be tried again")
	}
}

// TestErrorOfStore: what a registry in a network fails with is told whole: the system's error
// alone would not say that it is about the registry.
func TestErrorOfStore(t *testing.T) {
	t.Parallel()
	refused := fmt.Errorf("database at 192.0.2.1: cannot be reached: %w", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errors.New("refused"))})
	if got := (&initiator.Error{Stage: initiator.StageStore, Err: refused}).Error(); got != refused.Error() {
		t.Errorf("got %q, want %q", got, refused.Error())
	}
}

// TestLeaveAtTarget: a loop that is left at a target, in the middle of a list, is not
// waited for; nor is one over DiscoverAll that is left before the last result.
func TestLeaveAtTarget(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var portals []initiator.SendTargetPortal
		for i := range 4 {
			endless := streams(func(int) (string, bool) { return numbered(300), false })
			portals = append(portals, scene.Portal(n, fmt.Sprintf("192.0.2.%d:3260", i+1), endless))
		}
		start := time.Now()
		found := 0
		for range d.Run(t.Context(), slices.Values(portals)) {
			if found++; found == 1000 {
				break
			}
		}
		all := []initiator.SendTargetPortal{scene.Portal(n, scene.Where, &iscsitest.Target{}), scene.Portal(n, "192.0.2.2:3260", iscsitest.Script{iscsitest.Silence()})}
		for range d.DiscoverAll(t.Context(), slices.Values(all)) {
			break
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %s", took)
		}
	})
}
