package host

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// A Host publishes what one host sees. Its methods may be called from several goroutines.
type Host struct {
	cfg       Config
	book      *book
	intake    intake
	reporting sync.Mutex // one Config.Report at a time

	newest   atomic.Int64  // revision at which config/ was read last
	restored chan struct{} // etcd has an earlier revision than that

	mu         sync.Mutex // guards the following
	state      State
	publishErr error
	configErr  error

	// Of the goroutine of Run.
	lease     clientv3.LeaseID // 0: there is none that may be alive
	leases    map[clientv3.LeaseID]bool
	twinned   twin
	displaced bool // another process with the ID of this one took the name: its record is not ours
}

// Run publishes until ctx ends, and then ends its lease, so that the host is gone at once
// for all; where etcd does not answer within LeaveTime the lease ends by itself. It is
// called once. Whatever fails is tried again, with a pause that doubles up to the interval
// and is cut at random; State says what it was.
func (h *Host) Run(ctx context.Context) {
	var config sync.WaitGroup
	defer config.Wait()
	if h.cfg.Wanted != nil {
		config.Go(func() { h.followConfig(ctx) })
	}
	p := pause{first: h.cfg.limits.first, most: h.cfg.Every}
	for ctx.Err() == nil {
		s := &session{Host: h}
		err := s.run(ctx)
		if ctx.Err() != nil {
			break
		}
		if s.connected {
			p.reset()
		}
		h.set(func(h *Host) { h.state.Connected, h.publishErr = false, err })
		p.wait(ctx, kindOf(err))
	}
	h.untellTwin(ctx)
	h.leave(ctx)
	h.set(func(h *Host) { h.state.Connected, h.state.Published, h.publishErr, h.configErr = false, 0, nil, nil })
}

// leave ends the lease, and with it all that is published under it.
func (h *Host) leave(ctx context.Context) {
	if h.lease == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LeaveTime)
	defer cancel()
	_, _ = h.cfg.Client.Revoke(ctx, h.lease) // otherwise it ends by itself
	h.lease = 0
}

// A trouble says how long to wait after a failure.
type trouble uint8

const (
	passing trouble = iota // it may be over at once
	taken                  // another host has the name: nothing sooner than in the longest pause can help
	slow                   // etcd did not answer in time: it is cut off, or has too much to do
	crowded                // etcd says that it has more to do than it can, mostly since many hosts began at once
)

// kindOf says which trouble a failure is.
func kindOf(err error) trouble {
	twin, said := (*TwinError)(nil), (*etcd.Error)(nil)
	switch {
	case errors.As(err, &twin):
		return taken
	case errors.As(err, &said) && (said.State == etcd.Busy || errors.Is(rpctypes.Error(said.Err), rpctypes.ErrTimeout)):
		return crowded
	case errors.Is(err, context.DeadlineExceeded), said != nil && errors.Is(said.Err, context.DeadlineExceeded), status.Code(errors.Unwrap(err)) == codes.DeadlineExceeded:
		return slow
	}
	return passing
}

// A pause is the wait between two tries. It doubles.
type pause struct{ first, most, next time.Duration }

func (p *pause) reset() { p.next = 0 }

// wait waits until it is time to try again, or ctx ends.
func (p *pause) wait(ctx context.Context, why trouble) {
	t := time.NewTimer(p.duration(why))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// slowPause is the shortest pause of a host that etcd did not answer in time, on average.
const slowPause = 5 * time.Second

// duration is how long to wait now. Where etcd is crowded all of a fleet come back within two
// of the longest pauses, each at any time of these: otherwise they would come together again,
// and none would get further than before.
func (p *pause) duration(why trouble) time.Duration {
	switch p.next = min(max(2*p.next, p.first), p.most); why {
	case taken:
		p.next = p.most
	case slow:
		p.next = max(p.next, min(slowPause, p.most))
		return rand.N(2*p.next + 1)
	case crowded:
		p.next = p.most
		return rand.N(2*p.most + 1)
	}
	return p.next/2 + rand.N(p.next/2+1)
}
