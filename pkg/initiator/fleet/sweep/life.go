package sweep

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// A life is a lease whose end this host knows by its own clock before etcd can have ended it.
type life struct {
	client *clientv3.Client
	id     clientv3.LeaseID
	end    context.CancelCauseFunc
	ttl    time.Duration // as it was asked for; etcd may make it longer

	mu    sync.Mutex
	until time.Time   // guarded by mu
	timer *time.Timer // guarded by mu; ends the life at until
}

// A LeaseError is a lease that ended, or may have.
type LeaseError struct{ Why string }

func (e *LeaseError) Error() string { return "lease in etcd for a shared scan: " + e.Why }

// Retryable reports true, for initiator.Retryable: the next lease is another one.
func (e *LeaseError) Retryable() bool { return true }

// begin takes a lease and keeps it. The context that it returns ends when a quarter of the
// lease is left, counted from when the last keep-alive that was answered was sent: so much
// time there is to end connections.
func begin(ctx context.Context, client *clientv3.Client, ttl time.Duration) (*life, context.Context, error) {
	granting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sent := time.Now()
	lease, err := client.Grant(granting, int64((ttl+time.Second-1)/time.Second))
	if err != nil {
		return nil, nil, err
	}
	living, end := context.WithCancelCause(ctx)
	l := &life{client: client, id: lease.ID, end: end, ttl: ttl}
	l.timer = time.AfterFunc(time.Hour, func() { end(&LeaseError{"its keep-alives were not answered in time"}) })
	l.extend(sent, lease.TTL)
	go l.keep(living, min(ttl, time.Duration(lease.TTL)*time.Second)/5)
	return l, living, nil
}

// extend takes the answer to what was sent at a time; ttl in seconds.
func (l *life) extend(sent time.Time, ttl int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = sent.Add(min(l.ttl, time.Duration(ttl)*time.Second) * 3 / 4)
	l.timer.Reset(time.Until(l.until))
}

// isOver reports whether the lease may have ended. It goes by both clocks: the monotonic one
// may stand still while the machine sleeps, and the wall clock may be set back.
func (l *life) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	return !now.Before(l.until) || !now.Round(0).Before(l.until.Round(0))
}

// keep sends keep-alives until ctx ends.
func (l *life) keep(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if l.isOver() {
			l.end(&LeaseError{"its keep-alives were not answered in time"})
			return
		}
		asking, cancel := context.WithTimeout(ctx, 2*every)
		sent := time.Now()
		answer, err := l.client.KeepAliveOnce(asking, l.id)
		cancel()
		switch {
		case err == nil:
			l.extend(sent, answer.TTL)
		case errors.Is(err, rpctypes.ErrLeaseNotFound):
			l.end(&LeaseError{"it ended"})
			return
		}
	}
}

// leave ends the lease. Where etcd does not answer it ends by itself.
func (l *life) leave() {
	l.end(context.Canceled)
	l.timer.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, _ = l.client.Revoke(ctx, l.id)
}
