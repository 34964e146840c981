package host_test

import (
	"fmt"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A host takes what is configured in an etcd that was restored from an early snapshot, whose
// revisions are lower than those that it has seen.
func TestRestored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built}))
	put := func(address string) {
		p := fleet.Portal{Address: address, TCPPort: 3260}
		w.put(w.keys.Portal(portal(address)), string(p.Encode()))
	}
	for i := range 100 {
		w.put(fmt.Sprintf("other/%d", i), "")
	}
	put("192.0.2.1")
	all := make(chan *host.Wanted, 100)
	r := w.run(setting{limits: host.Limits{TTL: shortTTL}, config: func(cfg *host.Config) { cfg.Wanted = func(is *host.Wanted) { all <- is } }})
	r.state("connected", func(s host.State) bool { return s.Connected })
	if got := next(t, all); len(got.Portals) != 1 {
		t.Fatalf("got %+v, want a portal", got)
	}
	w.server.Kill()
	r.state("cut off", func(s host.State) bool { return !s.Connected })
	w.server.Empty(t)
	w.server.Start(t)
	w.server.AwaitHealthy(t)
	put("192.0.2.2")
	r.state("connected again", func(s host.State) bool { return s.Connected })
	put("192.0.2.3")
	for got := next(t, all); len(got.Portals) != 2 || got.Portals[0].Address != "192.0.2.2"; {
		got = next(t, all)
	}
}
