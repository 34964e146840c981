package leader

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// A seat is the key of a candidate, under its lease. The oldest seat leads.
type seat struct {
	client  *clientv3.Client
	lease   clientv3.LeaseID
	key     string
	created int64 // revision at which the key was created
}

// candidate is a candidate under one lease, and leads when it is elected, until the lease
// ends or ctx does. It reports whether it led, and why it ended.
func (l *Leader) candidate(ctx context.Context) (led bool, err error) {
	leased, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := l.sit(leased, cancel)
	if s != nil {
		defer s.leave()
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
	client := l.cfg.Client
	granting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lease, err := client.Grant(granting, int64((l.cfg.TTL+time.Second-1)/time.Second))
	if err != nil {
		return nil, l.explain("make a lease for leading the fleet", l.cfg.Keys.Leader(), err)
	}
	s := &seat{client: client, lease: lease.ID, key: fmt.Sprintf("%s/%016x", l.cfg.Keys.Leader(), uint64(lease.ID))}
	alive, err := client.KeepAlive(ctx, lease.ID)
	if err != nil {
		return s, l.explain("keep the lease for leading the fleet", s.key, err)
	}
	go func() {
		for range alive { //nolint:revive // each answer only says that the lease lasts
		}
		lost(&DeposedError{"its lease in etcd ended"})
	}()
	put, err := client.Txn(granting).If(clientv3.Compare(clientv3.CreateRevision(s.key), "=", 0)).
		Then(clientv3.OpPut(s.key, l.cfg.Name, clientv3.WithLease(lease.ID))).Commit()
	if err != nil {
		return s, l.explain("write", s.key, err)
	}
	if !put.Succeeded {
		return s, &DeposedError{"its key " + s.key + " was there already"}
	}
	s.created = put.Header.Revision
	return s, nil
}

// await returns when no older candidate is there.
func (l *Leader) await(ctx context.Context, s *seat) error {
	for {
		older, err := s.older(ctx, l.cfg.Keys.Leader()+"/")
		if err != nil {
			return l.explain("read the candidates for leading the fleet", l.cfg.Keys.Leader(), err)
		}
		if len(older.Kvs) == 0 {
			return nil
		}
		if err := s.gone(ctx, string(older.Kvs[0].Key), older.Header.Revision+1); err != nil {
			return l.explain("watch the candidate before this one", string(older.Kvs[0].Key), err)
		}
	}
}

// older returns the youngest of the candidates that are older.
func (s *seat) older(ctx context.Context, prefix string) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.client.Get(ctx, prefix, append(clientv3.WithLastCreate(), clientv3.WithMaxCreateRev(s.created-1))...)
}

// gone returns when a key is deleted, as the store has it from a revision on, or when it has
// to be looked at again.
func (s *seat) gone(ctx context.Context, key string, revision int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for response := range s.client.Watch(clientv3.WithRequireLeader(ctx), key, clientv3.WithRev(revision), clientv3.WithFilterPut()) {
		if err := response.Err(); err != nil && response.CompactRevision == 0 {
			return err
		}
		if len(response.Events) > 0 || response.CompactRevision != 0 {
			return nil
		}
	}
	return ctx.Err()
}

// fence is the condition of each write: this candidate's key is there, as it created it.
func (s *seat) fence() clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(s.key), "=", s.created)
}

// write makes changes as the leader. The error is a *DeposedError where another host may
// lead already.
func (s *seat) write(ctx context.Context, ops ...clientv3.Op) (revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done, err := s.client.Txn(ctx).If(s.fence()).Then(ops...).Commit()
	switch {
	case err != nil:
		return 0, err
	case !done.Succeeded:
		return 0, &DeposedError{"its key " + s.key + " is gone"}
	}
	return done.Header.Revision, nil
}

// leave gives the lease back, also where the context of the work has ended.
func (s *seat) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, _ = s.client.Revoke(ctx, s.lease) // where it fails, the lease ends by itself
}
