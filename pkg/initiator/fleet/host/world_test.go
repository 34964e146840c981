package host_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// waitLimit is how long a test waits for what has to come.
const waitLimit = time.Minute

// longTTL is a lease that does not end during a test.
const longTTL = 10 * time.Minute

// shortTTL is the shortest lease that etcd gives.
const shortTTL = 2 * time.Second

// A world is a fleet of its own on a server.
type world struct {
	*testing.T
	server *etcdtest.Server
	admin  *clientv3.Client // may do everything
	keys   fleet.Keys
}

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

func newWorld(t *testing.T, s *etcdtest.Server) *world {
	t.Helper()
	return &world{T: t, server: s, admin: s.Client(t), keys: fleettest.Keys(t, "f")}
}

// client returns a client of its own, and its way to the server. user "": as etcdtest has it.
func (w *world) client(user, password string) (*clientv3.Client, *network) {
	w.Helper()
	cfg := w.server.Config(w.T)
	n := &network{dial: func(ctx context.Context, address string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}}
	cfg.DialOptions = []grpc.DialOption{grpc.WithContextDialer(n.DialContext)}
	cfg.MaxCallRecvMsgSize = etcd.MaxAnswerLen // as a client of Dial has it
	cfg.Username, cfg.Password = user, password
	c, err := clientv3.New(cfg)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { c.Close() })
	return c, n
}

// A running is a Host that runs.
type running struct {
	*host.Host
	*network
	w      *world
	client *clientv3.Client
	states chan host.State
	infos  chan struct{}
	stop   func() // ends Run and waits for it
}

// A setting is how a Host of a test is.
type setting struct {
	name, id string // "": a, id-a
	user     string // of etcd
	every    time.Duration
	limits   host.Limits
	config   func(*host.Config)
	before   func([]clientv3.Op) // called before each transaction of the Host with what it is to do; nil: nothing
	refuse   func() error        // see recorder
}

// run runs a Host to the end of the test.
func (w *world) run(s setting) *running {
	w.Helper()
	if s.name == "" {
		s.name = "a"
	}
	if s.id == "" {
		s.id = "id-" + s.name
	}
	if s.every == 0 {
		s.every = time.Second
	}
	if s.limits.TTL == 0 {
		s.limits.TTL = longTTL
	}
	if s.limits.Request == 0 {
		s.limits.Request = waitLimit
	}
	password := ""
	if s.user != "" {
		password = "of " + s.user
	}
	r := &running{w: w, states: make(chan host.State, 1000), infos: make(chan struct{}, 1000)}
	r.client, r.network = w.client(s.user, password)
	r.client.KV = &recorder{KV: r.client.KV, t: w.T, info: w.keys.Info(s.name), before: s.before, refuse: s.refuse}
	cfg := host.Config{
		Client: r.client, Keys: w.keys, Name: s.name, Every: s.every, Report: func(s host.State) { r.states <- s },
		Info: func() fleet.Info {
			select {
			case r.infos <- struct{}{}:
			default:
			}
			return fleet.Info{ID: s.id, Version: "test"}
		},
	}
	if s.config != nil {
		s.config(&cfg)
	}
	var err error
	if r.Host, err = host.NewLimited(cfg, s.limits); err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.Context())
	var wait sync.WaitGroup
	wait.Go(func() { r.Run(ctx) })
	r.stop = func() { cancel(); wait.Wait() }
	w.Cleanup(r.stop)
	return r
}

// state waits for a state, and returns it.
func (r *running) state(what string, is func(host.State) bool) host.State {
	r.w.Helper()
	limit := time.After(waitLimit)
	var last host.State
	for {
		select {
		case last = <-r.states:
			if is(last) {
				return last
			}
		case <-limit:
			r.w.Fatalf("got no state %s; the last is %+v", what, last)
		}
	}
}

// connected waits until all is written.
func (r *running) connected() host.State {
	r.w.Helper()
	return r.state("connected", func(s host.State) bool { return s.Connected && s.Waiting == 0 })
}

// failed waits for an error.
func (r *running) failed() error {
	r.w.Helper()
	return r.state("with an error", func(s host.State) bool { return s.Err != nil }).Err
}

// holds waits until a condition holds for what is below a prefix. It is asked again after
// each change there.
func (w *world) holds(what, prefix string, is func(map[string]string) bool) map[string]string {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), waitLimit)
	defer cancel()
	for {
		got, err := w.admin.Get(ctx, prefix, clientv3.WithPrefix())
		if err != nil {
			w.Fatalf("waited for %s: %v", what, err)
		}
		all := make(map[string]string)
		for _, kv := range got.Kvs {
			all[strings.TrimPrefix(string(kv.Key), prefix)] = string(kv.Value)
		}
		if is(all) {
			return all
		}
		waiting, stop := context.WithCancel(ctx)
		r, ok := <-w.admin.Watch(waiting, prefix, clientv3.WithPrefix(), clientv3.WithRev(got.Header.Revision+1))
		stop()
		if !ok || r.Err() != nil {
			w.Fatalf("waited for %s: %v; there is %q", what, ctx.Err(), keysOf(all))
		}
	}
}

// hasPaths waits until a host has exactly these portals.
func (w *world) hasPaths(name string, want ...int) map[string]string {
	w.Helper()
	var keys []string
	for _, n := range want {
		keys = append(keys, strings.TrimPrefix(w.keys.Path(name, entry(n)), w.keys.Host(name)+"portal/"))
	}
	slices.Sort(keys)
	return w.holds(fmt.Sprint("paths ", want), w.keys.Host(name)+"portal/", func(is map[string]string) bool { return slices.Equal(keysOf(is), keys) })
}

// path waits until what a host has of portal n meets a condition.
func (w *world) path(name string, n int, is func(*fleet.Path) bool) *fleet.Path {
	w.Helper()
	var p *fleet.Path
	w.holds(fmt.Sprint("path ", n), w.keys.Path(name, entry(n)), func(all map[string]string) bool {
		v, ok := all[""]
		if !ok {
			return false
		}
		var err error
		p, err = fleet.DecodePath(name, []byte(v))
		return err == nil && is(p)
	})
	return p
}

// gone waits until nothing of a host is left.
func (w *world) gone(name string) {
	w.Helper()
	w.holds("nothing", w.keys.Host(name), func(is map[string]string) bool { return len(is) == 0 })
}

func keysOf(m map[string]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (w *world) put(key, value string) {
	w.Helper()
	if _, err := w.admin.Put(w.Context(), key, value); err != nil {
		w.Fatal(err)
	}
}

func (w *world) remove(key string) {
	w.Helper()
	if _, err := w.admin.Delete(w.Context(), key); err != nil {
		w.Fatal(err)
	}
}

// onEach runs a test that depends on what the server does with each kind of server.
func onEach(t *testing.T, test func(*world)) {
	t.Parallel()
	for _, k := range etcdtest.Kinds() {
		t.Run(string(k), func(t *testing.T) { on(t, k, test) })
	}
}

// on runs a test on the server of a kind that tests share.
func on(t *testing.T, k etcdtest.Kind, test func(*world)) {
	t.Parallel()
	test(newWorld(t, etcdtest.Shared(t, k)))
}

// onOwn runs a test that does something to the server, on one of its own of each kind.
func onOwn(t *testing.T, o etcdtest.Options, test func(*world)) {
	t.Parallel()
	for _, k := range etcdtest.Kinds() {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			o := o
			o.Kind = k
			test(newWorld(t, etcdtest.Start(t, o)))
		})
	}
}
