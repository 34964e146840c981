package leader_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestHosts: hosts publish, the leader copies, and the difference between them is told; a host
// that ends is silent.
func TestHosts(t *testing.T) {
	t.Parallel()
	server, keys := etcdtest.Shared(t, etcdtest.Built), fleettest.Keys(t, "f")
	client := server.Client(t)
	l := listen(t, view.NewReader(client, keys))
	c := start(t, client, keys, "lead", func(l *leader.Leader) { l.SetEvery(time.Minute) })

	var many []string
	for i := range 500 {
		many = append(many, "iqn.2026-01.example:"+string(rune('a'+i%26))+time.Duration(i).String())
	}
	sees := map[string][]target.Target{"a": fleettest.Targets(many...), "b": fleettest.Targets(many...), "c": fleettest.Targets(many[1:]...)}
	ends := map[string]func(){}
	for name, targets := range sees {
		h, err := host.New(host.Config{Client: client, Keys: keys, Name: name, Every: time.Second, Info: func() fleet.Info { return fleet.Info{ID: name} }})
		if err != nil {
			t.Fatal(err)
		}
		h.Observe(&watch.State{Key: fleettest.Entry("192.0.2.1").Key, Targets: len(targets), Last: &initiator.Result{Complete: true}}, targets)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { h.Run(ctx) })
		ends[name] = func() { cancel(); running.Wait() }
		t.Cleanup(ends[name])
	}
	c.await(t, "both answers copied", func(s leader.State) bool { return s.Copied == 2 && s.Lacking == 0 })
	l.await(t, "all hosts", func(v *view.View) bool {
		return len(v.Hosts) == 3 && len(v.Hosts["a"].Paths)+len(v.Hosts["b"].Paths)+len(v.Hosts["c"].Paths) == 3
	})
	d := view.Diff(l.View(), func(d fleet.Digest) ([]target.Target, error) { return l.Answer(t.Context(), d) })
	if len(d.Fewer) != 1 || d.Fewer[0].Paths[0].Host != "c" || len(d.Fewer[0].Lacks) != 1 || d.Fewer[0].Lacks[0] != many[0] || len(d.Unread)+len(d.Liars) != 0 {
		t.Errorf("got %+v, want that host c lacks %s", d, many[0])
	}
	for name := range sees { // each removes what it was asked for
		fleettest.AwaitGone(t, client, keys.Answers(name))
	}

	ends["b"]()
	l.await(t, "host b silent", func(v *view.View) bool {
		return v.Hosts["b"].Silent() && v.Hosts["b"].Known.Paths == 1 && !v.Hosts["b"].Known.SilentSince.IsZero()
	})
}
