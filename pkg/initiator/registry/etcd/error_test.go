package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// TestExplainErrors: what a client says has a state, a line, and whether a later try may help.
func TestExplainErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err   error
		state etcd.State
		later bool
	}{
		{rpctypes.ErrPermissionDenied, etcd.Denied, false},
		{rpctypes.ErrGRPCPermissionDenied, etcd.Denied, false},
		{rpctypes.ErrAuthFailed, etcd.Unauthenticated, false},
		{rpctypes.ErrUserEmpty, etcd.Unauthenticated, false},
		{rpctypes.ErrInvalidAuthToken, etcd.Unauthenticated, false},
		{fmt.Errorf("put: %w", rpctypes.ErrNoSpace), etcd.NoSpace, false},
		{rpctypes.ErrGRPCNoSpace, etcd.NoSpace, false},
		{rpctypes.ErrCompacted, etcd.Compacted, true},
		{rpctypes.ErrRequestTooLarge, etcd.TooLarge, false},
		{rpctypes.ErrTooManyOps, etcd.TooLarge, false},
		{rpctypes.ErrTooManyRequests, etcd.Busy, true},
		{status.Error(codes.ResourceExhausted, "grpc: received message larger than max"), etcd.TooLarge, false},
		{rpctypes.ErrNoLeader, etcd.Unreachable, true},
		{rpctypes.ErrTimeout, etcd.Unreachable, true},
		{context.DeadlineExceeded, etcd.Unreachable, true},
		{status.Error(codes.DeadlineExceeded, "late"), etcd.Unreachable, true},
		{status.Error(codes.Unknown, "context deadline exceeded"), etcd.Unreachable, true},
		{status.Error(codes.Unknown, "context canceled"), etcd.Unreachable, true},
		{rpctypes.ErrLeaseNotFound, etcd.Unreachable, true},
		{rpctypes.ErrCorrupt, etcd.Damaged, false},
		{rpctypes.ErrFutureRev, etcd.Other, false},
		{status.Error(codes.Unknown, "\x1b[31m\nevil"+strings.Repeat("x", 10_000)), etcd.Other, false},
	} {
		err := etcd.Explain("write", tt.err)
		wantState(t, err, tt.state)
		wantText(t, err, "etcd: write: "+tt.state.String())
		if got := initiator.Retryable(err); got != tt.later {
			t.Errorf("%v: got %v for a later try, want %v", err, got, tt.later)
		}
		if got := errors.Is(err, fs.ErrPermission); got != (tt.state == etcd.Denied) {
			t.Errorf("%v: got fs.ErrPermission %v", err, got)
		}
		if got := errors.Is(err, registry.ErrRegistryDamaged); got != (tt.state == etcd.Damaged) {
			t.Errorf("%v: got ErrRegistryDamaged %v", err, got)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("got %d bytes of text", len(err.Error()))
		}
		if again := etcd.Explain("read", err); again != err {
			t.Errorf("explained twice: got %v, want %v", again, err)
		}
	}
	if err := etcd.Explain("read", nil); err != nil {
		t.Errorf("got %v for no error", err)
	}
}
