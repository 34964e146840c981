package sweep_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestLongKeys: keys of a host that together are more than an answer of etcd may have keep no
// scan from being granted.
func TestLongKeys(t *testing.T) {
	t.Parallel()
	server := etcdtest.Shared(t, etcdtest.Built)
	w := newWorld(t, server, "longkeys")
	client, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{server.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	w.leads = client // as discoverd has it
	for i := range 20 {
		fleettest.Put(t, w.admin, fmt.Sprintf("%s%02d%s", w.keys.Host("evil"), i, strings.Repeat("x", 1<<20)), "")
	}
	w.grant("lead")
	w.host("honest")
	w.scan(newJob("192.0.2.0", "192.0.2.15", 8), nil)
}
