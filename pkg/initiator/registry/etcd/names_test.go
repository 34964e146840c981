package etcd_test

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestNames: of each member the certificate has to be for its own name, also where the first
// one that was named does not answer.
func TestNames(t *testing.T) {
	t.Parallel()
	a := etcdtest.NewAuthority(t)
	one, two := etcdtest.Start(t, etcdtest.Options{TLS: a}), etcdtest.Start(t, etcdtest.Options{TLS: a})
	c := a.Issue(t, etcdtest.Request{})
	client := dial(t, etcd.Config{
		Endpoints: []string{one.URL(), two.URL()}, CACert: a.File, Cert: c.Cert, Key: c.Key, DialTimeout: 20 * time.Second, RequestTimeout: time.Minute,
	})
	one.Kill()
	open(t, client, "n/")
	one.Start(t)
	one.AwaitHealthy(t)
	two.Kill()
	open(t, client, "n/")
}
