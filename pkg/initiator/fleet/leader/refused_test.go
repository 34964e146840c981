package leader_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// as dials as a user of etcd.
func as(t *testing.T, server *etcdtest.Server, user, password string) *clientv3.Client {
	t.Helper()
	client, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{server.URL()}, User: user, Password: auth.NewSecret([]byte(password))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// state returns what etcd said, as a State.
func state(err error) etcd.State {
	if said := (*etcd.Error)(nil); errors.As(err, &said) {
		return said.State
	}
	return etcd.Other
}

// TestRoles: the roles of a fleet are enough to lead it, and a host that has no role for that
// says so, and what it may not.
func TestRoles(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server, keys := etcdtest.Start(t, etcdtest.Options{Kind: kind}), fleettest.Keys(t, "f")
			all := []string{keys.Prefix()}
			server.Authenticate(t,
				etcdtest.User{Name: "host-a", Password: "of a", Read: all, Write: []string{keys.Host("a")}},
				etcdtest.User{Name: "lead", Password: "of lead", Read: all, Write: []string{keys.View(), keys.Scans(), keys.Leader()}},
			)
			asHost, asLead := as(t, server, "host-a", "of a"), as(t, server, "lead", "of lead")
			h := fleettest.NewHost(t, asHost, keys, "a")
			serve(h, h.See("192.0.2.1", "iqn.2026-01.example:1"))

			refused := start(t, asHost, keys, "a")
			if s := refused.await(t, "the refusal", func(s leader.State) bool { return s.Err != nil }); state(s.Err) != etcd.Denied || s.Leading {
				t.Errorf("got %+v, %v; want Denied", s, s.Err)
			}
			c := start(t, asLead, keys, "lead")
			c.await(t, "the answer copied", func(s leader.State) bool { return s.Copied == 1 && s.Err == nil })
			fleettest.AwaitThere(t, asHost, keys.Known("a"))
			fleettest.AwaitGone(t, asHost, keys.Answers("a"))
		})
	}
}

// TestFull: etcd's database is full. The leader says so and leads on, and goes on with its work
// when there is room again.
func TestFull(t *testing.T) {
	t.Parallel()
	server, keys := etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built, Quota: 4 << 20}), fleettest.Keys(t, "f")
	client := server.Client(t)
	c := start(t, client, keys, "lead", func(l *leader.Leader) { l.SetEvery(time.Second) })
	c.await(t, "leading", leads)
	hosts := []*fleettest.Host{fleettest.NewHost(t, client, keys, "a"), fleettest.NewHost(t, client, keys, "b")}
	fleettest.AwaitThere(t, client, keys.Known("b"))
	var err error
	for i := 0; err == nil; i++ {
		_, err = client.Put(t.Context(), fmt.Sprintf("other/%d", i), strings.Repeat("x", 1<<20))
	}
	hosts[0].End() // what is to be written of it cannot be
	s := c.await(t, "full", func(s leader.State) bool { return s.Err != nil })
	if state(s.Err) != etcd.NoSpace || !s.Leading {
		t.Errorf("got %+v, %v; want NoSpace", s, s.Err)
	}

	if _, err := client.Delete(t.Context(), "other/", clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
	server.Compact(t)
	if _, err := client.Defragment(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AlarmDisarm(t.Context(), &clientv3.AlarmMember{}); err != nil {
		t.Fatal(err)
	}
	c.await(t, "room again", func(s leader.State) bool { return s.Leading && s.Err == nil })
	if k := known(t, client, keys, "a", func(k *fleet.Known) bool { return !k.SilentSince.IsZero() }); k.Lie != "" {
		t.Errorf("got %+v", k)
	}
}
