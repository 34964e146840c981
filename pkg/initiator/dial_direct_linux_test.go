package initiator_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// crowded returns the address of a listener whose queue has room for one or two
// connections, which no process accepts: the rest of them hang at their first packet.
func crowded(t *testing.T) netip.AddrPort {
	t.Helper()
	addr, _ := crowdedAt(t, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	return addr
}

func crowdedAt(t *testing.T, at *syscall.SockaddrInet4) (addr netip.AddrPort, fd int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, at); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(sa.(*syscall.SockaddrInet4).Port)), fd
}

// TestConnectEnds: a connection that hangs ends with the time of its portal, or
// with the run.
func TestConnectEnds(t *testing.T) {
	t.Parallel()
	portals := slices.Repeat([]initiator.SendTargetPortal{scene.At(crowded(t))}, 16)
	stages := func(ctx context.Context, d *initiator.Discoverer, want error) (connecting int) {
		for e := range d.Run(ctx, slices.Values(portals)) {
			done, ok := e.(initiator.PortalDone)
			if !ok {
				t.Fatalf("got %v", e)
			}
			var at *initiator.Error
			if !errors.Is(done.Result.Err, want) || !errors.As(done.Result.Err, &at) {
				t.Fatalf("got %v, want %v", done.Result.Err, want)
			}
			if at.Stage == initiator.StageConnect {
				connecting++
			}
		}
		return connecting
	}
	d := scene.NewDiscoverer()
	d.Timeout = 100 * time.Millisecond
	if stages(t.Context(), d, context.DeadlineExceeded) == 0 {
		t.Error("no connection hung until its time was over")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d = scene.NewDiscoverer()
	d.Timeout = time.Hour
	d.Parallel = len(portals) + 1
	last := iscsitest.Listen(t, iscsitest.Script{iscsitest.Check(func(*pdu.LoginRequest) error { cancel(); return nil })})
	portals = append(portals, scene.At(last.Addr))
	if stages(ctx, d, context.Canceled) == 0 {
		t.Error("no connection hung until the run was over")
	}
}

// TestConnectRefused: the error is the one of package net.
func TestConnectRefused(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Logf("no %s here: %v", host, err)
			continue
		}
		where := netip.MustParseAddrPort(l.Addr().String())
		_ = l.Close()
		_, err = scene.NewDiscoverer().Discover(t.Context(), scene.At(where))
		var op *net.OpError
		if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) || op.Op != "dial" || op.Addr.String() != where.String() {
			t.Errorf("%s: got %v", where, err)
		}
	}
}
