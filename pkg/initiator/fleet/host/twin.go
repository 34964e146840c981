package host

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A twin is what this host publishes while another one has its name, so that all see that
// there are two. Only the goroutine of Run uses it.
type twin struct {
	lease clientv3.LeaseID // 0: there is none
	alive <-chan *clientv3.LeaseKeepAliveResponse
	end   context.CancelFunc // of alive
}

// isAlive reports whether the lease is kept alive.
func (t *twin) isAlive() bool {
	for t.lease != 0 {
		select {
		case r := <-t.alive:
			if r == nil {
				return false
			}
		default:
			return true
		}
	}
	return false
}

// tellTwin writes that this host is there, too, as long as another one has the name, whose
// record is as it was read. Whatever fails is tried again with the next try for the name.
func (s *session) tellTwin(ctx context.Context, info *fleet.Info, seen int64) {
	t := &s.twinned
	if t.isAlive() {
		return
	}
	s.untellTwin(ctx)
	grant, cancel := s.request(ctx)
	defer cancel()
	lease, err := s.cfg.Client.Grant(grant, int64((s.cfg.limits.ttl+time.Second-1)/time.Second))
	if err != nil {
		return
	}
	t.lease = lease.ID
	kept, end := context.WithCancel(context.WithoutCancel(ctx)) // beyond this session, until untellTwin
	t.end = end
	t.alive, err = s.cfg.Client.KeepAlive(kept, t.lease)
	key := s.cfg.Keys.Twin(s.cfg.Name, fleet.TwinOf(info.ID))
	record := fleet.Twin{Host: s.cfg.Name, ID: info.ID, Version: info.Version, InitiatorName: info.InitiatorName, Started: info.Started}
	same := clientv3.Compare(clientv3.ModRevision(s.cfg.Keys.Info(s.cfg.Name)), "=", seen)
	if err == nil {
		_, err = s.txn(ctx, same, clientv3.OpPut(key, string(record.Encode()), clientv3.WithLease(t.lease)))
	}
	if err != nil {
		s.untellTwin(ctx)
	}
}

// untellTwin takes back what tellTwin wrote.
func (h *Host) untellTwin(ctx context.Context) {
	if h.twinned.lease == 0 {
		return
	}
	h.twinned.end()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LeaveTime)
	defer cancel()
	_, _ = h.cfg.Client.Revoke(ctx, h.twinned.lease) // otherwise it ends by itself
	h.twinned = twin{}
}

// isTwin reports a name that another host has, as far as its record can be read.
func isTwin(err error) bool {
	e := (*TwinError)(nil)
	return errors.As(err, &e) && e.ID != ""
}
