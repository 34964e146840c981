package host_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// explained waits until the state has an *etcd.Error with a state.
func (r *running) explained(want etcd.State) *etcd.Error {
	r.w.Helper()
	var e *etcd.Error
	r.state("with "+want.String(), func(s host.State) bool { return errors.As(s.Err, &e) && e.State == want })
	if strings.ContainsAny(e.Error(), "\n\x1b") {
		r.w.Errorf("got %q", e)
	}
	return e
}

// A host writes below its own name with the role that it is to have; with that of another
// host it publishes nothing, changes nothing, and says why, and goes on when it may.
func TestRoles(t *testing.T) {
	onOwn(t, etcdtest.Options{}, func(w *world) {
		w.server.Authenticate(w.T,
			etcdtest.User{Name: "a", Password: "of a", Read: []string{w.keys.Prefix()}, Write: []string{w.keys.Host("a")}},
			etcdtest.User{Name: "b", Password: "of b", Read: []string{w.keys.Prefix()}, Write: []string{w.keys.Host("b")}})
		w.admin = w.server.Client(w.T)
		a := w.run(setting{user: "a", config: func(cfg *host.Config) { cfg.Wanted = func(*host.Wanted) {} }})
		a.sees(1, "x")
		a.connected()
		w.hasPaths("a", 1)
		w.put(w.keys.Want("a", encoded(w.T, []string{"x"}).Digest), "")
		w.delivered("a", encoded(w.T, []string{"x"}))
		if _, err := clientv3.NewKV(a.client).Put(w.Context(), w.keys.Info("b"), ""); err == nil {
			t.Error("a may write below b")
		}

		liar := w.run(setting{name: "c", user: "b"})
		liar.sees(1, "x")
		if e := liar.explained(etcd.Denied); e.Key != w.keys.Info("c") {
			w.Errorf("got %+v", e)
		}
		w.gone("c")
		if s := liar.State(); s.Published != 0 || s.Waiting != 1 {
			w.Errorf("got %+v", s)
		}
		if _, err := w.admin.RoleGrantPermission(w.Context(), "b", w.keys.Host("c"), clientv3.GetPrefixRangeEnd(w.keys.Host("c")), clientv3.PermissionType(clientv3.PermReadWrite)); err != nil {
			w.Fatal(err)
		}
		w.hasPaths("c", 1)
		a.stop()
		w.gone("a") // it may end its lease
	})
}

// A write that etcd refuses since it has too many requests is written later, in the same
// session: the host does not read again what it has there, as all others would at that time.
func TestBusy(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		var busy atomic.Bool
		var taken atomic.Int64
		refused := make(chan struct{}, 1000)
		r := w.run(setting{refuse: func() error {
			if busy.Load() {
				refused <- struct{}{}
				return rpctypes.ErrGRPCRequestTooManyRequests
			}
			taken.Add(1)
			return nil
		}})
		r.sees(1, "x")
		r.connected()
		w.hasPaths("a", 1)
		busy.Store(true)
		before := taken.Load()
		r.sees(2, "x")
		r.explained(etcd.Busy)
		for range 3 { // it tries again and again
			<-refused
		}
		busy.Store(false)
		w.hasPaths("a", 1, 2)
		if n := taken.Load() - before; n != 1 {
			w.Errorf("got %d transactions, want the write alone", n)
		}
		r.connected()
	})
}

// While the database is full nothing new is published, what is there stays, and the state
// says so; when there is room again all is written.
func TestNoSpace(t *testing.T) {
	onOwn(t, etcdtest.Options{Quota: 4 << 20}, func(w *world) {
		r := w.run(setting{})
		r.sees(1, "x")
		r.connected()
		w.hasPaths("a", 1)
		// The test fills it.
		big := strings.Repeat("x", 1<<20)
		for {
			if _, err := w.admin.Put(w.Context(), "big", big); err != nil {
				break
			}
		}
		r.sees(2, "x")
		r.explained(etcd.NoSpace)
		late := w.run(setting{name: "b"})
		late.sees(1, "x")
		late.explained(etcd.NoSpace)
		w.hasPaths("a", 1)
		w.remove("big")
		w.server.Compact(w.T)
		if _, err := w.admin.Defragment(w.Context(), w.server.URL()); err != nil {
			w.Fatal(err)
		}
		if _, err := w.admin.AlarmDisarm(w.Context(), new(clientv3.AlarmMember)); err != nil {
			w.Fatal(err)
		}
		w.hasPaths("a", 1, 2)
		w.hasPaths("b", 1)
		r.connected()
	})
}

// Run ends with its context in each state.
func TestEnds(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		for _, tt := range []struct {
			name    string
			limits  host.Limits
			prepare func(*world, *running)
		}{
			{"at once", host.Limits{}, func(*world, *running) {}},
			{"connected", host.Limits{}, func(_ *world, r *running) { r.sees(1, "x"); r.connected() }},
			{"cut off", host.Limits{TTL: shortTTL, Request: 5 * time.Second}, func(w *world, r *running) { r.sees(1, "x"); r.connected(); r.cut(); w.gone("a"); r.failed() }},
			{"with a twin", host.Limits{}, func(w *world, r *running) {
				r.connected()
				w.put(w.keys.Info("a"), `{"schema":1,"host":"a","id":"other"}`)
				r.refused("other")
			}},
			{"while config is read", host.Limits{}, func(_ *world, r *running) { r.connected(); r.cut() }},
		} {
			w.Run(tt.name, func(t *testing.T) {
				own := newWorld(t, w.server)
				r := own.run(setting{limits: tt.limits, config: func(cfg *host.Config) { cfg.Wanted = func(*host.Wanted) {} }})
				tt.prepare(own, r)
				r.stop() // returns
				if s := r.State(); s.Connected || s.Err != nil {
					t.Errorf("got %+v", s)
				}
			})
		}
	})
}

// Without a server the state says so once, and what is seen meanwhile is kept.
func TestAway(t *testing.T) {
	onOwn(t, etcdtest.Options{}, func(w *world) {
		w.server.Kill()
		r := w.run(setting{limits: host.Limits{Request: time.Second}})
		r.sees(1, "x")
		r.explained(etcd.Unreachable)
		w.server.Start(w.T)
		w.server.AwaitHealthy(w.T)
		w.hasPaths("a", 1)
		n := 0
		for len(r.states) > 0 {
			if s := <-r.states; s.Err != nil {
				n++
			}
		}
		if n > 3 {
			w.Errorf("it was said %d times", n)
		}
	})
}

// A Host that lacks what it needs is refused.
func TestNew(t *testing.T) {
	t.Parallel()
	keys, err := fleet.NewKeys("f")
	if err != nil {
		t.Fatal(err)
	}
	info := func() fleet.Info { return fleet.Info{} }
	client := clientv3.NewCtxClient(context.Background())
	for _, tt := range []struct {
		name string
		cfg  host.Config
		want bool
	}{
		{"all", host.Config{Name: "a", Client: client, Keys: keys, Info: info}, true},
		{"no client", host.Config{Name: "a", Keys: keys, Info: info}, false},
		{"no keys", host.Config{Name: "a", Client: client, Info: info}, false},
		{"no info", host.Config{Name: "a", Client: client, Keys: keys}, false},
		{"a name that reaches elsewhere", host.Config{Name: "../a", Client: client, Keys: keys, Info: info}, false},
	} {
		h, err := host.New(tt.cfg)
		if (h != nil) != tt.want || (err == nil) != tt.want {
			t.Errorf("%s: got %v, %v", tt.name, h, err)
		}
	}
}
