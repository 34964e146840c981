package etcd

import (
	"cmp"
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// maxStagings is how often values in parts are written again that other writers of the
// same records have removed.
const maxStagings = 5

// Apply makes all changes, or none, in one transaction. When ctx ends while that is under way,
// Apply waits up to 2 s for its outcome.
//
// An attempt that is not answered in time is made again, at another member. That the first is
// not made after the second, and after what others wrote since, is held by the versions that
// are compared: where all changes have registry.AnyVersion, with which the last writer wins, an
// attempt that was late may be that one.
func (s *Store) Apply(ctx context.Context, changes ...registry.Change) error {
	if err := registry.CheckChanges(changes); err != nil {
		return err
	}
	if err := registry.CheckLimits(changes, MaxChanges, MaxBytes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || len(changes) == 0 {
		return err
	}
	for try := 1; ; try++ {
		b := newBatch(changes)
		s.own.add(b.mark)
		err := s.apply(ctx, b)
		if !errors.Is(err, errStagedGone) {
			return err
		}
		if try == maxStagings {
			return &Error{What: "write", Endpoints: s.client.Endpoints(), Key: s.record(changes[b.large[0]].Key), State: Unreachable, Reason: err.Error(), Err: errStagedGone}
		}
	}
}

// apply makes the changes of a batch. Parts of one that is not made are removed, at once
// or when their lease has ended.
func (s *Store) apply(ctx context.Context, b *batch) (err error) {
	if len(b.large) > 0 {
		if time.Since(time.Unix(0, s.swept.Load())) > s.ttl {
			s.sweep(ctx)
		}
		defer func() { s.leave(ctx, b, err) }()
		if err := s.stage(ctx, b); err != nil {
			return err
		}
	}
	return s.commit(ctx, b)
}

// leave ends what a batch needed for its parts.
func (s *Store) leave(ctx context.Context, b *batch, err error) {
	var e *Error
	if b.lease == 0 || ctx.Err() != nil || errors.As(err, &e) && e.State == Unreachable {
		return // the lease ends by itself, and the next one to open removes the parts
	}
	ctx, stop := context.WithTimeout(ctx, settleTime)
	defer stop()
	if err != nil { // the marker went with the transaction, if that was made all the same
		var ops []clientv3.Op
		for _, i := range b.large {
			ops = append(ops, clientv3.OpDelete(s.generation(b.changes[i].Key, b.generation, b.mark), clientv3.WithPrefix()))
		}
		_, _ = s.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(s.writer(b.mark)), ">", 0)).Then(ops...).Commit() // or with the lease, as above
	}
	_, _ = s.client.Revoke(ctx, b.lease) // or it ends by itself
}

// commit sends the transaction of a batch until its outcome is known, no longer than a
// request may take.
func (s *Store) commit(ctx context.Context, b *batch) error {
	t := s.transaction(b)
	limit, stop := context.WithTimeout(ctx, s.timeout)
	defer stop()
	key := s.record(b.changes[0].Key)
	for uncertain := false; ; {
		answer, sent, err := s.send(limit, t)
		uncertain = uncertain || sent && err != nil
		switch {
		case err == nil && answer.Succeeded:
			return nil
		case err == nil:
			again, err := s.refused(ctx, b, answer, uncertain)
			if !again || limit.Err() != nil {
				return cmp.Or(err, limit.Err())
			}
			continue
		}
		e, _ := ExplainFrom(s.client, "write", key, err).(*Error) //nolint:errorlint // it is one
		if e == nil {
			return err
		}
		e.Uncertain = uncertain
		if e.State != Unreachable && e.State != Busy {
			return e
		}
		if limit.Err() == nil && wait(limit, pause) {
			continue
		}
		if ctx.Err() != nil {
			if !uncertain {
				return ctx.Err()
			}
			e.Err = ctx.Err()
		}
		return e
	}
}

// refused returns why a transaction was not made: the first comparison that failed.
// uncertain: it may have been made at an earlier attempt. again: it can be sent again.
func (s *Store) refused(ctx context.Context, b *batch, answer *clientv3.TxnResponse, uncertain bool) (again bool, err error) {
	if uncertain {
		if made, err := s.made(ctx, b); made || err != nil {
			return false, s.uncertain(b, err)
		}
	}
	looked := answer.Responses
	next := func() (there bool, revision uint64, value string) {
		r := looked[0].GetResponseRange()
		looked = looked[1:]
		if len(r.Kvs) == 0 {
			return false, 0, ""
		}
		return true, uint64(r.Kvs[0].ModRevision), string(r.Kvs[0].Value)
	}
	switch there, _, format := next(); {
	case !there: // another program has removed the registry
		err := s.ensureFormat(ctx)
		return err == nil, err
	default:
		if err := s.checkFormat(format); err != nil {
			return false, err
		}
	}
	gone := false
	if len(b.large) > 0 {
		there, _, _ := next()
		gone = !there
	}
	for i := range b.changes {
		c := &b.changes[i]
		if c.Version != registry.AnyVersion {
			if _, have, _ := next(); have != c.Version {
				return false, &registry.ConflictError{Key: c.Key, Want: c.Version, Have: have}
			}
		}
		if b.isLarge(i) {
			there, _, _ := next()
			gone = gone || !there
		}
	}
	if gone {
		return false, errStagedGone
	}
	return true, nil // what was in the way is so no more
}
