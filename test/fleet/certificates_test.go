package fleet

import (
	"context"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/test/etcdtest"
)

// certificates has the certificates of etcd and of one host end, and etcd start again. Each
// host says whose it is that has ended, and is back when it was renewed in place. The host
// whose own it is falls silent until then, and no other one does.
func (l *lab) certificates(t *testing.T) {
	before, late := l.freeze(t, l.hosts), l.hosts[4]
	leases := l.leases(t, l.hosts[:4])
	ended := func(r etcdtest.Request) etcdtest.Request {
		r.From, r.To = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		return r
	}
	l.authority.Renew(t, l.served, ended(l.serverRequest()))
	l.authority.Renew(t, late.certificate, ended(etcdtest.Request{Name: late.name}))
	for _, m := range l.members {
		m.Kill()
	}
	for _, m := range l.members {
		m.Start(t)
	}
	for _, m := range l.members {
		m.AwaitHealthy(t)
	}
	release := l.hold(t, leases)
	for _, h := range before {
		h.awaitSaid(t, h.mark, ": the server's certificate is valid from ")
	}
	if _, errs, err := l.console.try("hosts"); err == nil || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "certificate refused: ") {
		t.Errorf("discover fleet hosts: got %v and %q, want one line that says that the certificate has ended", err, errs)
	}
	l.authority.Renew(t, l.served, l.serverRequest())
	late.awaitSaid(t, before[4].mark, ": "+late.certificate.Cert+": our certificate ended on ")
	l.awaitBack(t, before[:4])
	release()
	l.console.expect(t, false, "host-silent "+late.name+": had 2")
	l.awaitDiff(t, "host-silent  "+late.name)
	l.authority.Renew(t, late.certificate, etcdtest.Request{Name: late.name})
	l.awaitBack(t, before[4:])
	l.console.expect(t, false, "host-back "+late.name)
	l.awaitWhole(t)
	l.same(t)
	l.console.expect(t, false)
}

// leases returns the leases of hosts.
func (l *lab) leases(t *testing.T, hosts []*host) (all []clientv3.LeaseID) {
	t.Helper()
	client := l.client(t, "admin")
	for _, h := range hosts {
		got, err := client.Get(t.Context(), l.keys.Info(h.name))
		if err != nil || len(got.Kvs) != 1 {
			t.Fatalf("%s: got %v, %v, want its record", h.name, got, err)
		}
		all = append(all, clientv3.LeaseID(got.Kvs[0].Lease))
	}
	return all
}

// hold keeps leases alive in their hosts' place, whatever certificates are worth, until release
// is called. All that etcd's users wait for takes longer here than a lease.
func (l *lab) hold(t *testing.T, leases []clientv3.LeaseID) (release func()) {
	t.Helper()
	const every = time.Second
	client := l.members[0].Client(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for ctx.Err() == nil {
			for _, id := range leases {
				attempt, end := context.WithTimeout(ctx, every)
				_, _ = client.KeepAliveOnce(attempt, id) // the events tell whether it is there
				end()
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}()
	release = func() { cancel(); <-done }
	t.Cleanup(release)
	return release
}
