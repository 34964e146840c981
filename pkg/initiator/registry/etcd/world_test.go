package etcd_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A world is a server with TLS and users, which tests share: each has a prefix of its own
// below "t/".
type world struct {
	kind      etcdtest.Kind
	authority *etcdtest.Authority
	server    *etcdtest.Server
	client    *clientv3.Client // of the user "pair", who may write
	prefixes  *atomic.Int64
}

// users are those of a world; the password of each is its name.
var users = []etcdtest.User{
	{Name: "pair", Password: "pair", Write: []string{"t/"}},
	{Name: "reader", Password: "reader", Read: []string{"t/"}},
	{Name: "stranger", Password: "stranger", Read: []string{"other/"}},
}

// TestEtcd runs the tests that share a server, with each kind of server.
func TestEtcd(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			for _, tt := range []struct {
				name string
				run  func(*testing.T, *world)
			}{
				{"dial", testDial},
				{"user of a new client", testNewUser},
				{"store", testStore},
				{"shared store", testSharedStore},
				{"parts", testParts},
				{"many large values", testManyLarge},
				{"race of large values", testLargeRace},
				{"leftover", testLeftover},
				{"overtaken", testOvertaken},
				{"removed", testRemoved},
				{"slept", testSlept},
				{"longest", testLongest},
				{"damaged", testDamaged},
				{"foreign", testForeign},
				{"schema", testSchema},
				{"compacted", testCompacted},
				{"permission", testPermission},
				{"services", testServices},
			} {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.run(t, w)
				})
			}
		})
	}
}

func newWorld(t *testing.T, kind etcdtest.Kind) *world {
	t.Helper()
	w := &world{kind: kind, authority: etcdtest.NewAuthority(t), prefixes: new(atomic.Int64)}
	w.server = etcdtest.Start(t, etcdtest.Options{Kind: kind, TLS: w.authority})
	w.server.Authenticate(t, users...)
	w.client = dial(t, w.config(t, "pair"))
	return w
}

// config returns how a user reaches the server.
func (w *world) config(t *testing.T, user string) etcd.Config {
	t.Helper()
	c := w.authority.Issue(t, etcdtest.Request{}) // no name, which would be a user's
	return etcd.Config{
		Endpoints: []string{w.server.URL()}, CACert: w.authority.File, Cert: c.Cert, Key: c.Key,
		User: user, Password: auth.NewSecret([]byte(user)), DialTimeout: 20 * time.Second, RequestTimeout: 30 * time.Second,
	}
}

// prefix returns a prefix that no other test has.
func (w *world) prefix() string { return fmt.Sprintf("t/%d/", w.prefixes.Add(1)) }

// dial connects as a test that must succeed.
func dial(t *testing.T, cfg etcd.Config) *clientv3.Client {
	t.Helper()
	client, err := etcd.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// refusedDial returns the error of Dial, which has to be an *etcd.Error of a state.
func refusedDial(t *testing.T, ctx context.Context, cfg etcd.Config, want etcd.State) error {
	t.Helper()
	client, err := etcd.Dial(ctx, cfg)
	if err == nil {
		client.Close()
	}
	wantState(t, err, want)
	return err
}
