package daemon

import (
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// newPairHouse returns the place for a daemon on a registry in etcd.
func newPairHouse(t *testing.T, registry string) *house {
	t.Helper()
	h := newHouse(t)
	h.registry = registry
	return h
}

// onRegistry opens a registry in etcd beside the daemons.
func onRegistry(t *testing.T, client *clientv3.Client, prefix string, use func(*registry.Service)) {
	t.Helper()
	store, err := etcd.Open(t.Context(), client, prefix)
	if err != nil {
		t.Fatal(err)
	}
	s, err := registry.Open(registry.Config{Store: store, Discoverer: &initiator.Discoverer{InitiatorName: "iqn.2026-11.example:i"}})
	if err != nil {
		t.Fatal(err)
	}
	use(s)
}

// addPortal puts an entry into a registry in etcd, as an administrator does.
func addPortal(t *testing.T, client *clientv3.Client, prefix string, array *iscsitest.Server) {
	t.Helper()
	onRegistry(t, client, prefix, func(s *registry.Service) {
		p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: array.Addr.Addr().String(), Port: array.Addr.Port()}}
		if r, err := s.AddSendTargetPortal(t.Context(), p); !r.Stored {
			t.Fatal(err)
		}
	})
}

// asked is the metric of a portal that was asked and answered.
func asked(array *iscsitest.Server) string {
	return `iscsi_discovery_up{instance="",port="all",portal="` + array.Addr.String() + `"} 1`
}

// TestPair: of two daemons on one registry one asks, and the other stands by, says so, shows
// what the registry has, and takes over at once when the first one ends. What an
// administrator changes is seen at once.
func TestPair(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := etcdtest.Shared(t, kind)
			prefix := "/" + etcdtest.Name("pair") + "/"
			array, more := iscsitest.Listen(t, twoTargets), iscsitest.Listen(t, twoTargets)
			start := func() *house {
				h := newPairHouse(t, "etcd:"+strings.TrimSuffix(prefix, "/"))
				h.start("--etcd", server.URL(), "--every", "1h") // so that only what is told is seen
				return h
			}
			one := start()
			one.hasLine("/-/ready", "ready")
			two := start()
			two.hasText("/-/ready", "standing by: ")
			two.hasText("/", `<p class="when">standing by: `)
			for _, line := range []string{"iscsi_discovery_pair_active 0", "iscsi_discovery_pair_connected 1", "iscsi_discovery_registry_up 1"} {
				two.hasLine("/metrics", line)
			}
			addPortal(t, server.Client(t), prefix, array)
			one.hasLine("/metrics", asked(array))
			two.hasText("/api/v1/portals", array.Addr.Addr().String())
			two.hasText("/api/v1/targets", "iqn.2026-11.example:a")
			if _, body := two.get("/metrics"); strings.Contains(body, "iscsi_discovery_up{") {
				t.Errorf("the one that stands by tells how portals are:\n%s", body)
			}

			if status := one.stop(); status != 0 {
				t.Errorf("got exit status %d", status)
			}
			two.hasLine("/-/ready", "ready")
			if _, body := two.get("/"); strings.Contains(body, "standing by") {
				t.Errorf("the page of the one that asks says that it stands by:\n%s", body)
			}
			two.hasLine("/metrics", asked(array))
			two.hasLine("/metrics", "iscsi_discovery_pair_active 1")
			addPortal(t, server.Client(t), prefix, more)
			two.hasLine("/metrics", asked(more))
			if said := two.stderr.String(); strings.Count(said, "standing by: ") != 1 || strings.Count(said, "this host asks the portals") != 1 {
				t.Errorf("got %s", said)
			}
		})
	}
}
