package host

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// A session is one connection of a Host: from taking its name to the first fault.
type session struct {
	*Host
	there     map[string]held // what is in etcd below the host's prefix, as far as we know
	info      string          // the host's record, as it was written
	published int             // paths
	connected bool            // all was written once

	alive   <-chan *clientv3.LeaseKeepAliveResponse
	wanted  clientv3.WatchChan // the leader's wants
	renamed clientv3.WatchChan // the host's record
}

// run returns why the session ended; nil only where ctx has.
func (s *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	if err := s.join(ctx); err != nil {
		return err
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	return s.loop(ctx)
}

// request returns a context for one request.
func (h *Host) request(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, h.cfg.limits.request)
}

// loop writes what changes until something fails.
func (s *session) loop(ctx context.Context) error {
	// Keep-alives come three times in a lease's time. Where two are missing etcd is not
	// there, also if the lease may still be.
	silence := s.cfg.limits.ttl*2/3 + time.Second
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	every := time.NewTicker(s.cfg.Every)
	defer every.Stop()
	write := time.NewTimer(0)
	defer write.Stop()
	changed := s.book.changed
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case r := <-s.alive:
			if r == nil && ctx.Err() == nil {
				err = &LeaseError{"it ended, or its keep-alives were not answered in time"}
			}
			quiet.Reset(silence)
		case <-quiet.C:
			err = &LeaseError{fmt.Sprintf("no keep-alive was answered for %s", silence)}
		case <-every.C:
			err = s.writeInfo(ctx)
		case <-changed:
			changed = nil // until it was written
			write.Reset(writeGap)
		case <-write.C:
			changed = s.book.changed
			if err = s.write(ctx); isBusy(err) && ctx.Err() == nil {
				changed = nil // until then
				write.Reset(s.busy(err))
				err = nil
			}
		case r, open := <-s.wanted:
			err = s.takeWants(r, open)
		case r, open := <-s.renamed:
			err = s.checkInfo(r, open)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// isBusy reports that etcd refused a request since it has too many, and did nothing of it.
func isBusy(err error) bool {
	said := (*etcd.Error)(nil)
	return errors.As(err, &said) && said.State == etcd.Busy
}

// busy notes that a write was refused, and returns when to try again: within half an interval.
// A session that ended instead would ask etcd for more, as all hosts do to which this happens
// at the same time.
func (s *session) busy(err error) time.Duration {
	s.set(func(h *Host) { h.state.Connected, h.publishErr = false, err })
	return rand.N(s.cfg.Every/2 + 1)
}

// takeWants takes what the leader asks for, and asks for no longer.
func (s *session) takeWants(r clientv3.WatchResponse, open bool) error {
	if err := etcd.WatchError(r, open); err != nil {
		return s.explain("watch", s.cfg.Keys.Wanted(s.cfg.Name), err)
	}
	wants := make(map[fleet.Digest]bool)
	for _, e := range r.Events {
		if k := s.cfg.Keys.Parse(string(e.Kv.Key)); k.Kind == fleet.KindWant {
			wants[k.Digest] = e.Type == clientv3.EventTypePut
		}
	}
	s.book.setWants(wants, false)
	return nil
}

// checkInfo ends the session where the host's record is not ours any more.
func (s *session) checkInfo(r clientv3.WatchResponse, open bool) error {
	if err := etcd.WatchError(r, open); err != nil {
		return s.explain("watch", s.cfg.Keys.Info(s.cfg.Name), err)
	}
	for _, e := range r.Events {
		if e.Type == clientv3.EventTypeDelete || clientv3.LeaseID(e.Kv.Lease) != s.lease {
			return s.lost()
		}
	}
	return nil
}

// lost returns why writes are refused. The next session finds out whose the name is now.
func (s *session) lost() error {
	return &LeaseError{"the record of this host was removed, or written by another process"}
}
