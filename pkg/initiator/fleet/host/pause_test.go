package host

import (
	"context"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// TestPause: a failure is tried again soon, and then later and later; where etcd is crowded,
// hosts come back at all times of two intervals, so that they do not crowd it again.
func TestPause(t *testing.T) {
	t.Parallel()
	const every = time.Minute
	explained := func(err error) error { return etcd.Explain("write", err) }
	for _, tt := range []struct {
		name string
		err  error
		want trouble
	}{
		{"a twin", &TwinError{}, taken},
		{"too many at once", explained(rpctypes.ErrTooManyRequests), crowded},
		{"too many at once, as gRPC says it", explained(rpctypes.ErrGRPCRequestTooManyRequests), crowded},
		{"not in time", explained(rpctypes.ErrTimeout), crowded},
		{"no word from it", explained(context.DeadlineExceeded), slow},
		{"no word from it, as gRPC says it", explained(status.Error(codes.DeadlineExceeded, "late")), slow},
		{"no leader", explained(rpctypes.ErrNoLeader), passing},
		{"a lease", &LeaseError{}, passing},
		{"none", nil, passing},
	} {
		if got := kindOf(tt.err); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	p := pause{first: time.Second, most: every}
	for i, most := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if d := p.duration(passing); d < most*time.Second/2 || d > most*time.Second {
			t.Errorf("pause %d: got %s, want at most %d s", i, d, most)
		}
	}
	p.reset()
	if d := p.duration(taken); d < every/2 || d > every {
		t.Errorf("got %s", d)
	}
	p.reset()
	for _, most := range []time.Duration{10, 20, 40, 80, 120, 120} {
		if d := p.duration(slow); d > most*time.Second {
			t.Errorf("got %s, want at most %d s", d, most)
		}
	}
	p.reset()
	const hosts = 1000
	var quarters [4]int
	for range hosts {
		d := p.duration(crowded)
		quarters[min(3, int(d/(every/2)))]++
	}
	for i, n := range quarters {
		if n < hosts/8 || n > hosts/2 {
			t.Errorf("%d of %d hosts come back in quarter %d of two intervals", n, hosts, i)
		}
	}
}
