package userspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// TestRefused: each cause that a machine tells has the text and the type that every
// enforcer has for it.
func TestRefused(t *testing.T) {
	t.Parallel()
	const begin = "the negotiation with 192.0.2.10 failed: "
	for _, tt := range []struct {
		f      ike.Failure
		unsent error
		want   string
	}{
		{f: ike.Failure{Cause: ike.Silent}, want: enforce.PeerSilent.String()},
		{f: ike.Failure{Cause: ike.Silent}, unsent: syscall.ENETUNREACH, want: "nothing can be sent to the peer: network is unreachable"},
		{f: ike.Failure{Cause: ike.Stopped, Step: "main mode message 6"}, want: enforce.PeerStopped.String()},
		{f: ike.Failure{Cause: ike.Stopped, Step: "quick mode message 2"}, want: enforce.Phase2Silent.String()},
		{f: ike.Failure{Cause: ike.NoIKEProposal}, want: enforce.NoIKEProposal.String()},
		{f: ike.Failure{Cause: ike.NoESPProposal}, want: enforce.NoESPProposal.String()},
		{f: ike.Failure{Cause: ike.OtherKeySeems}, want: enforce.OtherKeySeems.String()},
		{f: ike.Failure{Cause: ike.OtherKey}, want: enforce.OtherKey.String()},
		{f: ike.Failure{Cause: ike.KeyOrIdentity}, want: enforce.KeyOrIdentity.String()},
		{f: ike.Failure{Cause: ike.OtherIdentity, Got: ike.ParseIdentity("b\nad.example")}, want: `the peer identifies itself as "b\\nad.example", but its identity should be "192.0.2.10"`},
		{f: ike.Failure{Cause: ike.AggressiveMode}, want: enforce.AggressiveMode.String()},
		{f: ike.Failure{Cause: ike.Selectors}, want: enforce.TrafficSelectors.String()},
		{f: ike.Failure{Cause: ike.SpeaksIKEv1}, want: enforce.PeerSpeaksIKEv1.String()},
		{f: ike.Failure{Cause: ike.SpeaksIKEv2}, want: enforce.PeerSpeaksIKEv2.String()},
		{f: ike.Failure{Cause: ike.NoNATT}, want: enforce.NoNATTraversal.String()},
		{f: ike.Failure{Cause: ike.Malformed, Step: "main mode message 2", Detail: "no nonce"}, want: "the peer's answer is not as it should be (main mode message 2): no nonce"},
		{f: ike.Failure{Cause: ike.Refused, Step: "IKE_AUTH", Notify: 37}, want: "the peer refuses (IKE_AUTH) with the error 37"},
	} {
		s := request(t, 0x26, 0)
		err := refused(&s, &tt.f, nil, tt.unsent)
		if err.Error() != begin+tt.want {
			t.Errorf("got  %v\nwant %s%s", err, begin, tt.want)
		}
		var n *enforce.NegotiationError
		if !errors.As(err, &n) || n.Peer != "192.0.2.10" || n.Notify != tt.f.Notify {
			t.Errorf("%v: got a %T", err, err)
		}
		want := "*ipsec.ConfigureError"
		if tt.f.Cause == ike.NoNATT {
			want = "*ipsec.UnsupportedError"
		}
		if got := fmt.Sprintf("%T", err); got != want {
			t.Errorf("%v: got a %s, want a %s", err, got, want)
		}
	}
}

// TestFailures: what a peer does wrong ends in an error that says so, and in nothing that
// stays.
func TestFailures(t *testing.T) {
	t.Parallel()
	other := func(s *enforce.Request) { s.PSK.Secret = auth.NewSecret([]byte("another key")) }
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags
		peer   func(*iketest.V1Config)
		change func(*enforce.Request)
		want   enforce.Cause
	}{
		{"another key, main mode", 0x26, nil, other, enforce.OtherKeySeems},
		{"another key, aggressive mode", 0x2a, nil, other, enforce.OtherKey},
		{"another identity", 0x26, nil, func(s *enforce.Request) { s.PSK.Remote = "array.example" }, enforce.OtherIdentity},
		{"no mode", 0x26, func(c *iketest.V1Config) { c.Mode = 3 }, nil, enforce.TrafficSelectors},
		{"no algorithms for IKE", 0x26, func(c *iketest.V1Config) {
			c.Suites = []ike.Suite{{Encryption: ike.AESCBC, Bits: 192, PRF: ike.SHA512, Group: ike.MODP1024}}
		}, nil, enforce.NoIKEProposal},
		{"no algorithms for ESP", 0x26, func(c *iketest.V1Config) { c.ESP = []ike.ESPSuite{{Encryption: ike.AESGCM16, Bits: 192}} }, nil, enforce.NoESPProposal},
		{"no aggressive mode", 0x2a, func(c *iketest.V1Config) { c.Refuse = true }, nil, enforce.AggressiveMode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.peer)
			s := request(t, tt.flags, 0)
			if tt.change != nil {
				tt.change(&s)
			}
			_, err := w.use(t, s, 1)
			var n *enforce.NegotiationError
			if !errors.As(err, &n) || n.Cause != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			w.wantGone(t)
		})
	}
}

// TestSilent: when the context ends the reason is what the negotiation waited for.
func TestSilent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := request(t, 0x26, 0)
	s.Portal = netip.MustParseAddrPort("192.0.2.99:3260")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := w.e.Dialer(ctx, s)
	var n *enforce.NegotiationError
	if !errors.As(err, &n) || n.Cause != enforce.PeerSilent || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	w.wantGone(t)
}

// TestRefusedInside: a portal that listens not reads as without IPsec.
func TestRefusedInside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := request(t, 0x26, 0)
	s.Portal = netip.AddrPortFrom(s.Portal.Addr(), 3261)
	w.host.portal = s.Portal
	_, err := w.use(t, s, 1)
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) || op.Op != "dial" {
		t.Errorf("got %v, want connection refused", err)
	}
	w.wantGone(t)
}

// TestLost: when the security associations are gone the connection ends with a *LostError,
// also for a Read that waits, and nothing is sent any more.
func TestLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d, err := w.e.Dialer(t.Context(), request(t, 0x26, 0))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := d.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, w.lose)
	_, err = nc.Read(make([]byte, 1))
	var lost *enforce.LostError
	if !errors.As(err, &lost) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a *LostError", err)
	}
	if _, err := nc.Write([]byte("x")); !errors.As(err, &lost) {
		t.Errorf("got %v, want a *LostError", err)
	}
	if p, err := d.Proof(t.Context()); !errors.As(err, &lost) || len(p.SPIs) > 0 {
		t.Errorf("got %+v, %v, want no proof and a *LostError", p, err)
	}
	if err := errors.Join(nc.Close(), d.Close()); err != nil {
		t.Error(err)
	}
	w.wantGone(t)
}

// TestRekeyed: while the peer renews the security associations, and while it deletes them
// and new ones are negotiated, a transfer goes on. The proof names what was used.
func TestRekeyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d, err := w.e.Dialer(t.Context(), request(t, 0x26, 0))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := d.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pairs := func(do func(*peerPair) ike.Datagram) {
		w.host.mu.Lock()
		defer w.host.mu.Unlock()
		for _, p := range w.host.pairs {
			w.host.say(p.socket, do(p))
		}
	}
	for _, do := range []func(*peerPair) ike.Datagram{
		func(p *peerPair) ike.Datagram { return w.v1.Rekey(p.Child) },
		func(p *peerPair) ike.Datagram { return w.v1.Delete(p.Child) },
	} {
		if err := echoed(nc, 10_000); err != nil {
			t.Fatal(err)
		}
		pairs(do)
		if err := echoed(nc, 100_000); err != nil {
			t.Fatal(err)
		}
	}
	p, err := d.Proof(t.Context())
	if err != nil || len(p.SPIs) < 4 || p.BytesIn < 220_000 {
		t.Errorf("got %+v, %v; want those of several pairs", p, err)
	}
	if err := errors.Join(nc.Close(), d.Close()); err != nil {
		t.Error(err)
	}
	w.wantGone(t)
}

// TestPortHeld: the local port of a connection cannot be taken meanwhile.
func TestPortHeld(t *testing.T) {
	t.Parallel()
	for _, source := range []netip.Addr{source4, source6} {
		p, err := holdPort(source)
		if err != nil {
			t.Fatal(err)
		}
		at := netip.AddrPortFrom(source, p.port).String()
		if l, err := net.Listen("tcp", at); err == nil {
			l.Close()
			t.Errorf("%s was taken", at)
		}
		if err := p.free(); err != nil {
			t.Error(err)
		}
		l, err := net.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
}

// TestTurns: so many negotiations run at a time, and the rest waits within its own time.
func TestTurns(t *testing.T) {
	t.Parallel()
	e := &Enforcer{}
	var ends []func()
	for range maxNegotiations {
		end, err := e.turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, end)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrNoProgress)
	if _, err := e.turn(ctx); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v, want that it waits", err)
	}
	ends[0]()
	if _, err := e.turn(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestNothingRuns: after the last connection no goroutine stays.
func TestNothingRuns(t *testing.T) {
	t.Run("connections", func(t *testing.T) {
		w := newWorld(t, nil)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, err := w.use(t, request(t, 0x26, 0), 1000); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	stacks := func() string {
		b := make([]byte, 1<<20)
		return string(b[:runtime.Stack(b, true)])
	}
	deadline := time.Now().Add(5 * time.Second)
	for strings.Contains(stacks(), "gvisor.dev") || strings.Contains(stacks(), "(*ikeSA)") {
		if time.Now().After(deadline) {
			t.Fatalf("goroutines stay:\n%s", stacks())
		}
		runtime.Gosched()
	}
}
