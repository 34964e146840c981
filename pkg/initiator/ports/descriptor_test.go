package ports_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// TestNoDescriptor: where there is no file descriptor to ask the kernel by, that is the
// error, and not that there is no route.
func TestNoDescriptor(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE} {
		s := &ports.Selector{
			Instances: []string{ports.Host},
			Ports:     []ports.Port{{Instance: ports.Host, Number: ports.N(0), Address: netip.MustParseAddr("192.0.2.254"), State: ports.Up}},
			Route: func(context.Context, netip.Addr, netip.Addr) (netip.Addr, error) {
				return netip.Addr{}, os.NewSyscallError("socket", errno)
			},
		}
		_, err := s.Select(t.Context(), "", ports.All, netip.MustParseAddr("192.0.2.10"))
		if !errors.Is(err, errno) || errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("got %v, want %v", err, errno)
		}
	}
}
