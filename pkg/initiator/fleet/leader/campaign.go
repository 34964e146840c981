package leader

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// A seat is that of a candidate for leading a fleet.
type seat struct {
	*etcd.Seat
	client *clientv3.Client
}

// candidate is a candidate under one lease, and leads when it is elected, until the lease
// ends or ctx does. It reports whether it led, and why it ended.
func (l *Leader) candidate(ctx context.Context) (led bool, err error) {
	leased, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := l.sit(leased, cancel)
	if s != nil {
		defer s.Leave()
	}
	if err != nil {
		return false, err
	}
	l.report(func(s *State) { s.Err = nil })
	if err = l.await(leased, s); err == nil {
		led = true
		err = l.lead(leased, s)
	}
	if deposed := (*DeposedError)(nil); errors.As(context.Cause(leased), &deposed) {
		err = deposed
	}
	if ctx.Err() != nil {
		err = nil
	}
	return led, err
}

// sit makes a lease and a key under it. Once the lease is known to have ended, or cannot be
// known any more to last, lost is called.
func (l *Leader) sit(ctx context.Context, lost context.CancelCauseFunc) (*seat, error) {
	s, err := etcd.Sit(ctx, l.cfg.Client, l.cfg.Keys.Leader()+"/", l.cfg.Name, l.cfg.TTL, func(e *etcd.SeatError) { lost(&DeposedError{e.Why}) })
	if s == nil {
		return nil, err
	}
	return &seat{s, l.cfg.Client}, deposed(err)
}

// deposed returns the error of a seat that is lost as a *DeposedError.
func deposed(err error) error {
	if seatErr := (*etcd.SeatError)(nil); errors.As(err, &seatErr) {
		return &DeposedError{seatErr.Why}
	}
	return err
}

// await returns when no older candidate is there.
func (l *Leader) await(ctx context.Context, s *seat) error {
	for {
		leading, err := s.Ahead(ctx)
		if leading == nil || err != nil {
			return deposed(err)
		}
		if err := s.AwaitGone(ctx, leading); err != nil {
			return err
		}
	}
}

// write makes changes as the leader. The error is a *DeposedError where another host may
// lead already.
func (s *seat) write(ctx context.Context, ops ...clientv3.Op) (revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done, err := s.client.Txn(ctx).If(s.Fence()).Then(ops...).Commit()
	switch {
	case err != nil:
		return 0, err
	case !done.Succeeded:
		return 0, &DeposedError{"its key " + s.Key + " is gone"}
	}
	return done.Header.Revision, nil
}
