package etcd_test

import (
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/storetest"
)

// open opens a registry that must open.
func open(t *testing.T, client *clientv3.Client, prefix string) *etcd.Store {
	t.Helper()
	s, err := etcd.Open(t.Context(), client, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testStore(t *testing.T, w *world) {
	storetest.Run(t, func(t *testing.T) registry.Store { return open(t, w.client, w.prefix()) })
}

func testSharedStore(t *testing.T, w *world) {
	storetest.RunShared(t, func(t *testing.T, folder string) registry.Store {
		return open(t, w.client, "t"+strings.ReplaceAll(folder, "\\", "/")+"/") // the folder's name is one that no other test has
	})
}
