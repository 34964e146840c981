package host

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// join takes the host's name: its record is there under a lease of ours then.
func (s *session) join(ctx context.Context) error {
	key := s.cfg.Keys.Info(s.cfg.Name)
	is, err := s.get(ctx, key)
	if err != nil {
		return s.explain("read", key, err)
	}
	info := s.cfg.Info()
	if twin := s.twin(is, key, info.ID); twin != nil {
		s.leave(ctx) // what is still there under our lease is not the other one's
		if isTwin(twin) {
			s.tellTwin(ctx, &info, is.ModRevision)
		}
		return twin
	}
	held := s.lease != 0 // one of before may have ended meanwhile: then etcd refuses the write
	if err := s.grant(ctx); err != nil {
		return err
	}
	value := s.encodeInfo(&info)
	if is == nil || clientv3.LeaseID(is.Lease) != s.lease || string(is.Value) != value {
		done, err := s.takeName(ctx, is, value)
		if held && errors.Is(rpctypes.Error(err), rpctypes.ErrLeaseNotFound) {
			s.lease = 0
			if err := s.grant(ctx); err != nil {
				return err
			}
			done, err = s.takeName(ctx, is, value)
		}
		if err != nil {
			return s.explain("write", key, err)
		}
		if !done {
			return s.lost()
		}
	}
	s.info = value
	if s.alive, err = s.cfg.Client.KeepAlive(ctx, s.lease); err != nil {
		return s.explain("keep the lease of", key, err)
	}
	s.displaced = false
	s.untellTwin(ctx)
	return nil
}

// takeName writes the host's record, where it still is as it was read.
func (s *session) takeName(ctx context.Context, is *mvccpb.KeyValue, value string) (done bool, err error) {
	var seen int64
	if is != nil {
		seen = is.ModRevision
	}
	key := s.cfg.Keys.Info(s.cfg.Name)
	return s.txn(ctx, clientv3.Compare(clientv3.ModRevision(key), "=", seen), clientv3.OpPut(key, value, clientv3.WithLease(s.lease)))
}

// twin reports a record of the host's name that is another's; nil: it is ours, or none.
func (s *session) twin(is *mvccpb.KeyValue, key, id string) error {
	if is == nil || s.leases[clientv3.LeaseID(is.Lease)] {
		return nil
	}
	i, err := fleet.DecodeInfo(s.cfg.Name, is.Value)
	newer := (*fleet.NewerError)(nil)
	switch {
	case errors.As(err, &newer):
		return &TwinError{Host: s.cfg.Name, Key: key, Why: "a newer version"}
	case err != nil:
		return nil // it cannot be read: it is replaced
	case i.ID != id:
		return &TwinError{Host: s.cfg.Name, Key: key, ID: i.ID, Why: "another host"}
	case s.lease != 0 || s.displaced:
		s.displaced = true
		return &TwinError{Host: s.cfg.Name, Key: key, ID: i.ID, Why: "another process with the same registry"}
	}
	return nil
}

// grant makes sure that there is a lease: the one of before, so that what is there under it need
// not be written again. Whether that has ended is not asked: a server that is crowded would be
// asked again and again by the client.
func (s *session) grant(ctx context.Context) error {
	if s.lease != 0 {
		return nil
	}
	ctx, cancel := s.request(ctx)
	defer cancel()
	r, err := s.cfg.Client.Grant(ctx, int64((s.cfg.limits.ttl+time.Second-1)/time.Second))
	if err != nil {
		return s.explain("take a lease for", s.cfg.Keys.Info(s.cfg.Name), err)
	}
	if s.lease = r.ID; s.leases == nil {
		s.leases = make(map[clientv3.LeaseID]bool)
	}
	s.leases[r.ID] = true
	return nil
}

// encodeInfo returns the host's record as it is to be.
func (s *session) encodeInfo(i *fleet.Info) string {
	i.Host, i.Unpublished = s.cfg.Name, s.book.unpublished()
	return string(i.Encode())
}

// writeInfo writes the host's record where it has changed.
func (s *session) writeInfo(ctx context.Context) error {
	info := s.cfg.Info()
	value := s.encodeInfo(&info)
	if value == s.info {
		return nil
	}
	key := s.cfg.Keys.Info(s.cfg.Name)
	done, err := s.txn(ctx, s.fence(), clientv3.OpPut(key, value, clientv3.WithLease(s.lease)))
	if err != nil {
		return s.explain("write", key, err)
	}
	if !done {
		return s.lost()
	}
	s.info = value
	return nil
}

// fence is what all writes of a session compare: the host's record is under its lease.
func (s *session) fence() clientv3.Cmp {
	return clientv3.Compare(clientv3.LeaseValue(s.cfg.Keys.Info(s.cfg.Name)), "=", s.lease)
}

// get returns what a key has; nil: it is not there.
func (s *session) get(ctx context.Context, key string) (*mvccpb.KeyValue, error) {
	ctx, cancel := s.request(ctx)
	defer cancel()
	r, err := s.cfg.Client.Get(ctx, key)
	if err != nil || len(r.Kvs) == 0 {
		return nil, err
	}
	return r.Kvs[0], nil
}

// txn makes all operations where the condition holds, and reports whether it did.
func (s *session) txn(ctx context.Context, condition clientv3.Cmp, ops ...clientv3.Op) (done bool, err error) {
	ctx, cancel := s.request(ctx)
	defer cancel()
	r, err := s.cfg.Client.Txn(ctx).If(condition).Then(ops...).Commit()
	if err != nil {
		return false, err
	}
	return r.Succeeded, nil
}
