package isns_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// TestSlowHandshake: a handshake that takes time ends with the context, and what watched it
// is gone before that. A server whose queue is full answers none.
func TestSlowHandshake(t *testing.T) {
	t.Parallel()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(os.NewSyscallError("socket", err))
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(os.NewSyscallError("bind", err))
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(os.NewSyscallError("listen", err))
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*syscall.SockaddrInet4).Port))
	c := isns.Client{Name: us}
	for i := range 4 { // the first ones fill the queue
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := c.Query(ctx, server)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("query %d: got %v, want the end of its context", i, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 1)
	if _, err := c.Query(ctx, refused); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want a refusal", err)
	}
	cancel()
}
