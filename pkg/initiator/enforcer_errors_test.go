package initiator_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A failingEnforcer fails at one step.
type failingEnforcer struct {
	scene.FakeEnforcer
	dialer, dial, proof error
}

func (e *failingEnforcer) Announce(context.Context, enforce.Request) (string, error) {
	return "", e.dialer
}

func (e *failingEnforcer) Dialer(ctx context.Context, s enforce.Request) (enforce.Dialer, error) {
	if e.dialer != nil {
		return nil, e.dialer
	}
	d, err := e.FakeEnforcer.Dialer(ctx, s)
	return &failingDialer{d, e}, err
}

type failingDialer struct {
	enforce.Dialer
	e *failingEnforcer
}

func (d *failingDialer) DialContext(ctx context.Context) (net.Conn, error) {
	if d.e.dial != nil {
		return nil, d.e.dial
	}
	return d.Dialer.DialContext(ctx)
}

func (d *failingDialer) Proof(ctx context.Context) (enforce.Proof, error) {
	if d.e.proof != nil {
		return enforce.Proof{}, d.e.proof
	}
	return d.Dialer.Proof(ctx)
}

// TestEnforcerErrors: the types of package ipsec have codes, wherever an enforcer
// returns them, and what they wrap changes neither the code nor the text.
func TestEnforcerErrors(t *testing.T) {
	t.Parallel()
	refused := os.NewSyscallError("connect", syscall.ECONNREFUSED)
	for _, tt := range []struct {
		name string
		err  error
		code uint32
		text string // after the ends of the connection
	}{
		{name: "failed", err: &ipsec.ConfigureError{Reason: "no answer"}, code: isdsc.FailedToConfigureIPsec, text: "IPsec: no answer"},
		{name: "the daemon hung up", err: &ipsec.ConfigureError{Reason: "charon went", Err: io.EOF}, code: isdsc.FailedToConfigureIPsec, text: "IPsec: charon went"},
		{name: "cancelled within", err: &ipsec.ConfigureError{Reason: "given up", Err: context.Canceled}, code: isdsc.FailedToConfigureIPsec, text: "IPsec: given up"},
		{name: "a call within", err: &ipsec.NoEnforcerError{Err: refused}, code: isdsc.IPsecNotSupportedOnOS, text: "IPsec: protection is required but not available, and the portal will not be asked in clear text: connect: connection refused"},
		{name: "unsupported", err: &ipsec.UnsupportedError{Enforcer: "fake", Missing: ipsec.FlagPFS}, code: isdsc.RequestNotSupported, text: "IPsec: fake cannot do pfs"},
		{name: "unsupported, and why", err: &ipsec.UnsupportedError{Reason: "no aggressive mode", Err: io.ErrUnexpectedEOF}, code: isdsc.RequestNotSupported, text: "IPsec: no aggressive mode"},
		{name: "request", err: &ipsec.RequestError{Reason: "two addresses are needed"}, code: isdsc.InvalidParameter, text: "IPsec: two addresses are needed"},
		{name: "identity", err: &ipsec.RequestError{What: `identity "%any"`, Reason: "no identity"}, code: isdsc.InvalidParameter, text: `identity "%any": no identity`},
		{name: "proposals", err: &ipsec.ProposalsError{Input: "x", Reason: "none"}, code: isdsc.InvalidParameter, text: `IPsec: proposals "x": none`},
		{name: "flags of the portal", err: &ipsec.FlagsError{Flags: 0x61, Reason: "choose one", Origin: ipsec.OriginFlags}, code: isdsc.InvalidParameter, text: "IPsec: flags 0x61: choose one"},
		{name: "flags of before", err: &ipsec.FlagsError{Flags: 0x61, Reason: "choose one", Origin: ipsec.OriginPrevious}, code: isdsc.FailedToConfigureIPsec, text: "IPsec: flags 0x61 (previous): choose one"},
		{name: "required", err: &ipsec.RequireError{Why: "no IPsec"}, code: isdsc.FailedToConfigureIPsec, text: "IPsec: protection is required, but there is no IPsec"},
		{name: "unknown", err: &ipsec.UnknownError{Plan: "none"}, code: isdsc.FailedToConfigureIPsec, text: "IPsec: it is unknown which IPsec exists, so the plan (none) is refused: run with the right to read the system's policies, or proceed on unknown"},
		{name: "key", err: &ipsec.NoKeyError{Identity: "192.0.2.10"}, code: isdsc.TargetPresharedKeyUnavailable, text: "IPsec: no preshared key is set for 192.0.2.10 or for the group"},
		{name: "gateway", err: &ipsec.NoOuterAddressError{}, code: isdsc.NoTunnelOuterModeAddress, text: "IPsec: tunnel mode needs an outer address for the portal, but none is set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := initiator.Code(tt.err); got != tt.code {
				t.Errorf("by itself: got %s, want %s", isdsc.Name(got), isdsc.Name(tt.code))
			}
			for step, e := range map[string]*failingEnforcer{"dialer": {dialer: tt.err}, "dial": {dial: tt.err}, "proof": {proof: tt.err}} {
				n := iscsitest.NewNetwork(t)
				e.FakeEnforcer = scene.FakeEnforcer{Network: n}
				d := &initiator.Discoverer{InitiatorName: scene.InitiatorName, Dial: n.Dial, Enforcer: e, PSK: scene.GroupKey}
				p := scene.At(n.Portal("192.0.2.10:3260", &iscsitest.Target{}))
				p.Security, p.Source = ipsec.FlagValid|ipsec.FlagIKE, netip.MustParseAddr("192.0.2.2")
				_, err := d.Discover(t.Context(), p)
				wantFailure(t, step, err, tt.code, tt.text, tt.err)
				if step != "dialer" {
					continue
				}
				list, err := d.Explain(t.Context(), p)
				if err != nil || len(list) != 1 {
					t.Fatalf("explained: got %v, %v", list, err)
				}
				wantFailure(t, "announce", list[0].Err, tt.code, tt.text, tt.err)
			}
		})
	}
}

func wantFailure(t *testing.T, step string, err error, code uint32, text string, cause error) {
	t.Helper()
	var e *initiator.Error
	if !errors.As(err, &e) || initiator.Code(err) != code || !errors.Is(err, cause) {
		t.Errorf("%s: got %v (%s), want %s, and %v within", step, err, isdsc.Name(initiator.Code(err)), isdsc.Name(code), cause)
		return
	}
	if got := initiator.Reason(e.Err); got != text {
		t.Errorf("%s: got %q, want %q", step, got, text)
	}
}

// TestConnectUnderIPsec: where nothing answers under IPsec, the hint is about the peer, not
// about the route, by which keys were agreed on.
func TestConnectUnderIPsec(t *testing.T) {
	t.Parallel()
	n := iscsitest.NewNetwork(t)
	given := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)}
	e := &failingEnforcer{FakeEnforcer: scene.FakeEnforcer{Network: n}, dial: given}
	d := &initiator.Discoverer{InitiatorName: scene.InitiatorName, Dial: n.Dial, Enforcer: e, PSK: scene.GroupKey}
	p := scene.At(n.Portal("192.0.2.10:3260", &iscsitest.Target{}))
	p.Security, p.Source = ipsec.FlagValid|ipsec.FlagIKE, netip.MustParseAddr("192.0.2.2")
	_, err := d.Discover(t.Context(), p)
	want := "connect to 192.0.2.10:3260 from 192.0.2.2: no answer in time; nothing came back under IPsec: check the log of the peer, whether its kernel has ESP, and its firewall"
	var failed *initiator.Error
	if !errors.As(err, &failed) || failed.Stage != initiator.StageConnect || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
