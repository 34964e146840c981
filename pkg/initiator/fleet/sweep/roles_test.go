package sweep_test

import (
	"errors"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestRoles: the roles of a fleet are enough for a shared scan, and a host cannot grant itself
// a shard or ask for a scan.
func TestRoles(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := etcdtest.Start(t, etcdtest.Options{Kind: kind})
			w := newWorld(t, server, "roles")
			k := w.keys
			user := func(name string, write ...string) etcdtest.User {
				return etcdtest.User{Name: name, Password: "of " + name, Read: []string{k.Prefix()}, Write: write}
			}
			server.Authenticate(t,
				user("a", k.Host("a")), user("b", k.Host("b")),
				user("lead", k.View(), k.Scans(), k.Leader()), user("admin", k.Config(), k.Scans()))
			w.admin = server.Client(t) // root
			client := func(name string) *clientv3.Client {
				cfg := server.Config(t)
				cfg.Username, cfg.Password = name, "of "+name
				c, err := clientv3.New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { c.Close() })
				return c
			}
			w.users, w.leads, w.asks = true, client("lead"), client("admin")
			w.grant("lead")
			w.host("a")
			w.host("b")
			job := newJob("192.0.2.0", "192.0.2.255", 64)
			w.scan(job, nil)
			w.asked.check(t, job)
			w.gone("a", "b")

			a := client("a")
			for _, key := range []string{k.Job(job.ID), k.Grant(job.ID, 0), k.Done(job.ID, 0), k.Read(job.ID, 0), k.Blame(job.ID, "b"), k.Offer("b", job.ID)} {
				if _, err := a.Put(t.Context(), key, "x"); err == nil {
					t.Errorf("host a may write %s", key)
				}
			}
			s := &sweep.Scan{Client: a, Keys: k, Job: newJob("192.0.2.0", "192.0.2.255", 64)}
			for _, err := range s.Results(t.Context()) {
				if said := (*etcd.Error)(nil); !errors.As(err, &said) || said.State != etcd.Denied {
					t.Errorf("a scan that host a asks for: got %v, want that it may not", err)
				}
			}
		})
	}
}
