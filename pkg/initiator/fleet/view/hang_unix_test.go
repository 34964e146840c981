//go:build unix

package view_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestHang: a server that takes connections and answers nothing.
func TestHang(t *testing.T) {
	t.Parallel()
	server, keys := etcdtest.Start(t, etcdtest.Options{}), fleettest.Keys(t, "f")
	client := server.Client(t)
	fleettest.NewHost(t, client, keys, "a")
	r := follow(t, dial(t, server.Address().String()), keys)
	await(t, r, "host a", func(v *view.View) bool { return v.Hosts["a"] != nil })
	server.Pause(t)
	if v := await(t, r, "stale", func(v *view.View) bool { return !v.Stale.IsZero() }); v.Hosts["a"] == nil {
		t.Error("host a is gone")
	}
	server.Resume(t)
	fleettest.NewHost(t, client, keys, "b")
	await(t, r, "host b", func(v *view.View) bool { return v.Hosts["b"] != nil && v.Stale.IsZero() })
}
