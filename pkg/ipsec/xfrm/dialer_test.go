package xfrm

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestMayHaveLeft: after which errors a connection has to be guarded on.
func TestMayHaveLeft(t *testing.T) {
	t.Parallel()
	dial := func(call string, err error) error {
		return &net.OpError{Op: "dial", Net: "tcp4", Err: os.NewSyscallError(call, err)}
	}
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{name: "no hold", err: &net.OpError{Op: "dial", Err: &HoldError{Err: os.NewSyscallError("setsockopt", syscall.EPERM)}}},
		{name: "no address", err: fmt.Errorf("bind: %w", os.NewSyscallError("bind", syscall.EADDRNOTAVAIL))},
		{name: "no association", err: dial("connect", syscall.EAGAIN)},
		{name: "blocked", err: dial("connect", syscall.EPERM)},
		{name: "refused", err: dial("connect", syscall.ECONNREFUSED), want: true},
		{name: "not answered", err: dial("connect", syscall.ETIMEDOUT), want: true},
		{name: "given up", err: &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, want: true},
		{name: "cancelled", err: &net.OpError{Op: "dial", Err: context.Canceled}, want: true},
	} {
		if got := mayHaveLeft(tt.err); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
