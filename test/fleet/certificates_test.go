package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/etcdtest"
)

// certificates has the certificates of etcd and of one host end, and etcd start again. Each
// host says whose it is that has ended, and is back when it was renewed in place.
func (l *lab) certificates(t *testing.T) {
	before, late := l.freeze(t, l.hosts), l.hosts[4]
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
	for _, h := range before {
		h.awaitSaid(t, h.mark, ": the server's certificate is valid from ")
	}
	if _, errs, err := l.console.try("hosts"); err == nil || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "certificate refused: ") {
		t.Errorf("discover fleet hosts: got %v and %q, want one line that says that the certificate has ended", err, errs)
	}
	l.authority.Renew(t, l.served, l.serverRequest())
	late.awaitSaid(t, before[4].mark, ": "+late.certificate.Cert+": our certificate ended on ")
	l.authority.Renew(t, late.certificate, etcdtest.Request{Name: late.name})
	l.awaitBack(t, before)
	l.awaitWhole(t)
	// On a slow machine leases end before all that was done: such hosts are silent, and back.
	l.console.skip(t, "leader-changed", "host-silent", "host-back")
	l.same(t)
}
