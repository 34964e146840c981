package sweep_test

import (
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestFlighty: a host that offers much, and takes its offer back whenever it is given a shard,
// keeps no scan from its end, and is taken out of the job where there is nobody else.
func TestFlighty(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Shared(t, etcdtest.Built), "flighty")
	w.grant("lead")
	w.liar("flighty", func(l *liar, job *fleet.Job, _ int, _ *fleet.Grant) {
		key := w.keys.Offer("flighty", job.ID)
		o := fleet.Offer{Host: "flighty", Capacity: fleet.MaxCapacity, Allowed: allow}
		_, _ = w.admin.Delete(w.Context(), key)
		_, _ = w.admin.Put(w.Context(), key, string(o.Encode()), clientv3.WithLease(l.h.Lease))
	})
	job := newJob("192.0.2.0", "192.0.2.255", 16)
	var honest *host
	last := w.scanTelling(job, nil, func(p sweep.Progress) {
		if honest == nil && (len(p.Blamed) > 0 || p.Again > 50) {
			honest = w.host("honest")
		}
	})
	if len(last.Blamed) != 1 || last.Blamed[0].Host != "flighty" || !strings.Contains(last.Blamed[0].Why, "took its offer back") || last.Again > 1000 {
		t.Errorf("got %+v", last)
	}
}
