package etcd

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// seatPatience is how long one request of a Seat may take, and seatPause the time until a
// watch that ended begins again.
const (
	seatPatience = 5 * time.Second
	seatPause    = time.Second
)

// A Seat is the key of a candidate in an election, under its lease. The oldest seat of an
// election leads. Its fields must not be changed.
type Seat struct {
	Key   string
	Lease clientv3.LeaseID

	client  *clientv3.Client
	prefix  string
	created int64 // revision at which the key was created
}

// A SeatError is a seat that is lost: its lease ended, or its key was taken away.
type SeatError struct{ Why string }

func (e *SeatError) Error() string { return "the seat in the election is lost: " + e.Why }

// Sit makes a lease of ttl, rounded up to seconds, and a key below prefix under it, with
// the candidate's name as its value. The lease is kept alive until ctx ends; lost is called,
// in goroutines of its own and maybe twice, once the lease is known to have ended or cannot be
// known any more to last, or another program removed the key, and when ctx ends. Where Sit returns a Seat, also beside an error, the caller calls
// Leave. The error is an [*Error] or a [*SeatError].
func Sit(ctx context.Context, client *clientv3.Client, prefix, name string, ttl time.Duration, lost func(*SeatError)) (*Seat, error) {
	requesting, cancel := context.WithTimeout(ctx, seatPatience)
	defer cancel()
	lease, err := client.Grant(requesting, int64((ttl+time.Second-1)/time.Second))
	if err != nil {
		return nil, ExplainFrom(client, "make a lease for the election", prefix, err)
	}
	s := &Seat{client: client, prefix: prefix, Lease: lease.ID, Key: fmt.Sprintf("%s%016x", prefix, uint64(lease.ID))}
	alive, err := client.KeepAlive(ctx, lease.ID)
	if err != nil {
		return s, ExplainFrom(client, "keep the lease for the election", prefix, err)
	}
	go func() {
		for range alive { // each answer says only that the lease lasts
		}
		lost(&SeatError{"its lease in etcd ended"})
	}()
	put, err := client.Txn(requesting).If(clientv3.Compare(clientv3.CreateRevision(s.Key), "=", 0)).
		Then(clientv3.OpPut(s.Key, name, clientv3.WithLease(lease.ID))).Commit()
	if err != nil {
		return s, ExplainFrom(client, "write below", prefix, err) // the key is another one each time
	}
	if !put.Succeeded {
		return s, &SeatError{"its key " + s.Key + " was there already"}
	}
	s.created = put.Header.Revision
	go func() {
		if s.awaitRemoved(ctx) {
			lost(s.removed())
		}
	}()
	return s, nil
}

func (s *Seat) removed() *SeatError { return &SeatError{"its key in etcd was removed"} }

// awaitRemoved returns true when the key is gone, by which this seat would not be seen by
// others any more, though its lease lasts; false when ctx has ended.
func (s *Seat) awaitRemoved(ctx context.Context) bool {
	watching, stop := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer stop()
	for from := s.created + 1; ; {
		for response := range s.client.Watch(watching, s.Key, clientv3.WithRev(from), clientv3.WithFilterPut()) {
			if len(response.Events) > 0 {
				return true
			}
			if response.Err() != nil { // no leader, or compacted
				break
			}
		}
		if !wait(ctx, seatPause) {
			return false
		}
		asking, end := context.WithTimeout(ctx, seatPatience)
		there, err := s.client.Txn(asking).If(s.Fence()).Commit()
		end()
		switch {
		case err == nil && !there.Succeeded:
			return true
		case err == nil:
			from = there.Header.Revision + 1
		}
	}
}

// A Leading is the candidate that leads, as another candidate finds it.
type Leading struct {
	Name string // as that candidate wrote it: not to be trusted

	key      string
	revision int64 // at which it was found
}

// Ahead returns who leads instead of this seat; nil: this seat leads. The error is an
// [*Error], or a [*SeatError] where the key of this seat is gone.
func (s *Seat) Ahead(ctx context.Context) (*Leading, error) {
	ctx, cancel := context.WithTimeout(ctx, seatPatience)
	defer cancel()
	older := clientv3.OpGet(s.prefix, append(clientv3.WithFirstCreate(), clientv3.WithMaxCreateRev(s.created-1))...)
	found, err := s.client.Txn(ctx).If(s.Fence()).Then(older).Commit()
	switch {
	case err != nil:
		return nil, ExplainFrom(s.client, "read the candidates of the election", s.prefix, err)
	case !found.Succeeded:
		return nil, s.removed()
	}
	for _, kv := range found.Responses[0].GetResponseRange().Kvs {
		return &Leading{Name: string(kv.Value), key: string(kv.Key), revision: found.Header.Revision}, nil
	}
	return nil, nil
}

// AwaitGone returns nil when the candidate that leads is gone, or has to be looked at again.
func (s *Seat) AwaitGone(ctx context.Context, l *Leading) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for response := range s.client.Watch(clientv3.WithRequireLeader(ctx), l.key, clientv3.WithRev(l.revision+1), clientv3.WithFilterPut()) {
		if err := response.Err(); err != nil && response.CompactRevision == 0 {
			return ExplainFrom(s.client, "watch the candidate that leads", l.key, err)
		}
		if len(response.Events) > 0 || response.CompactRevision != 0 {
			return nil
		}
	}
	return ctx.Err()
}

// Fence is the condition of what a leader writes: its seat is there, as it took it.
func (s *Seat) Fence() clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(s.Key), "=", s.created)
}

// Leave gives the lease back, within seconds, also where the context of the work has ended.
// Where that fails, the lease ends by itself.
func (s *Seat) Leave() {
	ctx, cancel := context.WithTimeout(context.Background(), seatPatience)
	defer cancel()
	_, _ = s.client.Revoke(ctx, s.Lease)
}
