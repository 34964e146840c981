package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

const (
	// attempts is how many members a request may find silent: each has this part of the
	// request's time.
	attempts = 3

	// pause is between two attempts where the first failed at once.
	pause = 50 * time.Millisecond

	// settleTime is how long an Apply that was canceled waits for its outcome.
	settleTime = 2 * time.Second
)

// read runs a request that may be made twice until it succeeds, no longer than a request
// may take. A member without a leader is passed over.
func (s *Store) read(ctx context.Context, what, key string, request func(context.Context) error) error {
	limit, stop := context.WithTimeout(clientv3.WithRequireLeader(ctx), s.timeout)
	defer stop()
	for {
		attempt, end := context.WithTimeout(limit, s.timeout/attempts)
		err := request(attempt)
		early := attempt.Err() == nil
		end()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		e := ExplainFrom(s.client, what, key, err)
		if limit.Err() != nil || !again(e) || early && !wait(limit, pause) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return e
		}
	}
}

// again reports whether a further attempt, at another member or of what is there now, may
// succeed.
func again(err error) bool {
	e, ok := err.(*Error) //nolint:errorlint // of ExplainFrom, not wrapped
	return ok && e.Retryable()
}

// wait waits; it returns false when ctx has ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send sends a transaction once. Where it fails, sent says whether it may have been made.
// When ctx ends, a transaction that is under way has settleTime to tell its outcome.
func (s *Store) send(ctx context.Context, t *transaction) (answer *clientv3.TxnResponse, sent bool, err error) {
	attempt, end := context.WithTimeout(clientv3.WithRequireLeader(context.WithoutCancel(ctx)), s.timeout/attempts)
	defer end()
	before := s.connected()
	stop := context.AfterFunc(ctx, func() {
		if !s.connected() {
			end() // it waits for a connection
			return
		}
		time.AfterFunc(settleTime, end)
	})
	defer stop()
	answer, err = s.client.Txn(attempt).If(t.compare...).Then(t.then...).Else(t.otherwise...).Commit()
	if err == nil {
		return answer, true, nil
	}
	switch codeOf(err) {
	case codes.DeadlineExceeded, codes.Canceled:
		sent = before || s.connected()
	case codes.InvalidArgument, codes.NotFound, codes.PermissionDenied, codes.ResourceExhausted, codes.FailedPrecondition, codes.OutOfRange, codes.Unauthenticated:
		// refused
	default: // a member of 3.4 says codes.Unknown where it did not wait for the outcome
		sent = true
	}
	return nil, sent, err
}

// connected reports whether there is a connection to a member. Without one requests wait.
func (s *Store) connected() bool {
	return s.client.ActiveConnection().GetState() == connectivity.Ready
}

// damaged returns the error for a record that cannot be read.
func (s *Store) damaged(key, reason string) error {
	return &Error{What: "read", Endpoints: s.client.Endpoints(), Key: key, State: Damaged, Reason: reason}
}

var _ registry.Store = (*Store)(nil)
