package etcd

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// maxHistory is how many changes of a record are looked through for one of ours.
const maxHistory = 64

// errOutcome is an outcome that cannot be found out any more.
var errOutcome = errors.New("no member answered, and other writers have changed the record since")

// uncertain returns the error of a batch whose outcome could not be found out.
func (s *Store) uncertain(b *batch, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{What: "write", Endpoints: s.client.Endpoints(), Key: s.record(b.changes[0].Key), State: Unreachable, Reason: err.Error(), Uncertain: true, Err: err}
	var known *Error
	if errors.As(err, &known) {
		*e = *known
		e.Uncertain = true
	}
	return e
}

// made reports whether a batch was made at an attempt that had no answer. Since the
// comparison of a later attempt failed, that or another writer's change has been applied:
// the history of one record tells which.
func (s *Store) made(ctx context.Context, b *batch) (bool, error) {
	c := b.traced()
	if c == nil {
		return s.allGone(ctx, b)
	}
	revision := int64(0) // the latest
	for range maxHistory {
		var answer *clientv3.GetResponse
		err := s.read(ctx, "read", s.record(c.Key), func(ctx context.Context) (err error) {
			answer, err = s.client.Get(ctx, s.record(c.Key), clientv3.WithRev(revision))
			if state, _ := judge(err); err != nil && state == Compacted {
				answer, err = nil, nil
			}
			return err
		})
		if err != nil {
			return false, err
		}
		if answer == nil || len(answer.Kvs) == 0 { // compacted, or deleted: what was there before is not to be found
			return false, errOutcome
		}
		kv := answer.Kvs[0]
		if h, err := parseHead(kv.Value); err == nil && h.mark == b.mark {
			return true, nil
		}
		if c.Version != registry.AnyVersion && uint64(kv.ModRevision) <= c.Version {
			return false, nil // nothing since is ours
		}
		revision = kv.ModRevision - 1
	}
	return false, errOutcome
}

// traced returns the change whose record's history is the surest to tell of a batch; nil:
// all are deletions.
func (b *batch) traced() (best *registry.Change) {
	for i := range b.changes {
		c := &b.changes[i]
		switch {
		case c.Delete:
		case c.Version != registry.AnyVersion && c.Version != 0:
			return c
		case best == nil:
			best = c
		}
	}
	return best
}

// allGone reports whether all that a batch was to delete is gone, by whomever. A record that
// was made anew since tells nothing.
func (s *Store) allGone(ctx context.Context, b *batch) (gone bool, err error) {
	var gets []clientv3.Op
	for i := range b.changes {
		gets = append(gets, clientv3.OpGet(s.record(b.changes[i].Key), clientv3.WithKeysOnly()))
	}
	var answer *clientv3.TxnResponse
	err = s.read(ctx, "read", s.record(b.changes[0].Key), func(ctx context.Context) (err error) {
		answer, err = s.client.Txn(ctx).Then(gets...).Commit()
		return err
	})
	if err != nil {
		return false, err
	}
	there, anew := false, false
	for i, r := range answer.Responses {
		kvs, version := r.GetResponseRange().Kvs, b.changes[i].Version
		switch {
		case len(kvs) == 0:
		case version == registry.AnyVersion || version == 0:
			there = true
		case uint64(kvs[0].CreateRevision) <= version: // it was there throughout
			return false, nil
		default:
			anew = true
		}
	}
	if anew {
		return false, errOutcome
	}
	return !there, nil
}
