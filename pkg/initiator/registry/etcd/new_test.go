package etcd_test

import (
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestNew: a client of a user with a password is there while etcd is away, works when it is
// back, and tells of a wrong password then.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := etcdtest.Start(t, etcdtest.Options{Kind: kind})
			server.Authenticate(t, etcdtest.User{Name: "u", Password: "right", Write: []string{"n/"}})
			server.Kill()
			connect := func(password string) *clientv3.Client {
				client, err := etcd.New(etcd.Config{
					Endpoints: []string{server.URL()}, User: "u", Password: auth.NewSecret([]byte(password)), RequestTimeout: 2 * time.Second,
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { client.Close() })
				return client
			}
			right, wrong := connect("right"), connect("wrong")
			_, err := etcd.Open(t.Context(), right, "n/")
			wantState(t, err, etcd.Unreachable)
			server.Start(t)
			server.AwaitHealthy(t)
			_, err = etcd.Open(t.Context(), wrong, "n/")
			wantState(t, err, etcd.Unauthenticated)
			s, err := etcd.Open(t.Context(), right, "n/")
			for err != nil && initiator.Retryable(err) { // it connects again within seconds
				s, err = etcd.Open(t.Context(), right, "n/")
			}
			if err != nil {
				t.Fatal(err)
			}
			wantChange(t, s.Changes(t.Context()), "that it watches") // a stream has to have the token as well
			apply(t, s, set("k", []byte("1")))
		})
	}
}

// testNewUser: the user of a client is that of its password, also where its certificate names
// another one, who may do more.
func testNewUser(t *testing.T, w *world) {
	prefix := w.prefix()
	apply(t, open(t, w.client, prefix), set("k", []byte("1")))
	for _, named := range []string{"", "pair"} {
		cfg := w.config(t, "reader")
		c := w.authority.Issue(t, etcdtest.Request{Name: named})
		cfg.Cert, cfg.Key = c.Cert, c.Key
		client, err := etcd.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { client.Close() })
		s := open(t, client, prefix)
		wantValue(t, s, "k", []byte("1"))
		wantState(t, s.Apply(t.Context(), set("k", []byte("2"))), etcd.Denied)
	}
}
