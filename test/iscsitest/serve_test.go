package iscsitest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
	. "github.com/go-iscsi/discovery/test/iscsitest"
)

// A recorder is a testing.TB that keeps what would fail it.
type recorder struct {
	testing.TB
	mu       sync.Mutex // guards errs
	errs     []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, fmt.Sprintf(format, args...))
}

// end does what the end of a test does, and returns all errors.
func (r *recorder) end() string {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
	return strings.Join(r.errs, "\n")
}

func dial(t *testing.T, addr netip.AddrPort) *initiator {
	t.Helper()
	nc, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return newInitiator(t, nc)
}

func TestListen(t *testing.T) {
	t.Parallel()
	s := Listen(t, &Target{Records: records}, &Target{})
	for _, want := range []string{recordsText, "", ""} {
		if got := dial(t, s.Addr).discover(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	got := s.Sessions()
	if len(got) != 3 {
		t.Fatalf("got %d sessions, want 3", len(got))
	}
	if name, ok := got[0].Key("InitiatorName"); name != "iqn.2026-01.test:i" || !ok {
		t.Errorf("got InitiatorName %q, %t", name, ok)
	}
	if all, ok := got[2].Key("SendTargets"); all != "All" || !ok {
		t.Errorf("got SendTargets %q, %t", all, ok)
	}
	if v, ok := got[0].Key("TargetName"); v != "" || ok {
		t.Errorf("got TargetName %q, %t, want none", v, ok)
	}
	if !got[0].Peer.Addr().IsLoopback() {
		t.Errorf("got peer %s, want a loopback address", got[0].Peer)
	}
	if _, ok := got[0].Requests[2].(*pdu.LogoutRequest); len(got[0].Requests) != 3 || !ok {
		t.Errorf("got requests %v, want login, text and logout", got[0].Requests)
	}
}

func TestListenOn(t *testing.T) {
	t.Parallel()
	s := ListenOn(t, netip.IPv6Loopback(), &Target{})
	dial(t, s.Addr).discover()
	if got := s.Sessions()[0].Peer.Addr(); got != netip.IPv6Loopback() {
		t.Errorf("got peer %s, want ::1", got)
	}
}

// Whatever the initiator does wrong fails the test that it runs in.
func TestServersFailTheTest(t *testing.T) {
	t.Parallel()
	portal := netip.MustParseAddrPort("192.0.2.1:3260")
	tests := []struct {
		name string
		dial func(*recorder, Handler) (net.Conn, error)
	}{
		{name: "Pipe", dial: func(r *recorder, h Handler) (net.Conn, error) { return Pipe(r, h), nil }},
		{name: "Listen", dial: func(r *recorder, h Handler) (net.Conn, error) {
			return net.Dial("tcp", Listen(r, h).Addr.String())
		}},
		{name: "Network", dial: func(r *recorder, h Handler) (net.Conn, error) {
			n := NewNetwork(r)
			n.Portal(portal.String(), h)
			return n.Dial(t.Context(), netip.Addr{}, portal)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := new(recorder)
			nc, err := tt.dial(r, &Target{})
			if err != nil {
				t.Fatal(err)
			}
			i := newInitiator(t, nc)
			m := i.login()
			m.TSIH = 7
			i.send(m)
			receive[*pdu.LoginResponse](i)
			nc.Close()
			if got, want := r.end(), "request 1, Login Request: TSIH is 0x7, want 0x0"; !strings.Contains(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	n := NewNetwork(t)
	one := n.Portal("192.0.2.1:3260", &Target{Records: records}, &Target{})
	two := n.Portal("[2001:db8::1]:860", &Target{})
	src := netip.MustParseAddr("192.0.2.77")
	want := []Dial{{Source: src, Portal: one}, {Portal: one}, {Portal: two}}
	for i, text := range []string{recordsText, "", ""} {
		nc, err := n.Dial(t.Context(), want[i].Source, want[i].Portal)
		if err != nil {
			t.Fatal(err)
		}
		if got := nc.RemoteAddr().String(); got != want[i].Portal.String() {
			t.Errorf("got remote address %s, want %s", got, want[i].Portal)
		}
		if got := newInitiator(t, nc).discover(); got != text {
			t.Errorf("got  %q\nwant %q", got, text)
		}
	}
	if got := n.Dials(); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := n.Sessions(one); len(got) != 2 || got[0].Peer.Addr() != src {
		t.Errorf("got %v, want two sessions, the first from %s", got, src)
	}
}

func TestNetworkRefuses(t *testing.T) {
	t.Parallel()
	n := NewNetwork(t)
	if _, err := n.Dial(t.Context(), netip.Addr{}, netip.MustParseAddrPort("192.0.2.1:3260")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestNetworkHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(t)
		portal := n.Portal("192.0.2.1:3260")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		_, err := n.Dial(ctx, netip.Addr{}, portal)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("got %v after %s, want the deadline after an hour", err, time.Since(start))
		}
	})
}

func TestNetworkConnectionLeftOpen(t *testing.T) {
	t.Parallel()
	r := new(recorder)
	n := NewNetwork(r)
	if _, err := n.Dial(t.Context(), netip.Addr{}, n.Portal("192.0.2.1:3260", &Target{})); err != nil {
		t.Fatal(err)
	}
	if got, want := r.end(), "left its connection to 192.0.2.1:3260 open"; !strings.Contains(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
