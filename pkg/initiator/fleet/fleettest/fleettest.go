// Package fleettest writes what hosts of a fleet write, key by key, for tests of those who
// read it: also what no honest host writes. Its Proxy cuts a client off from etcd.
package fleettest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Limit is how long a test waits for what has to come, on a machine with much else to do.
const Limit = 3 * time.Minute

// Keys returns the keys of a fleet that no other test has: its name begins as it is said.
func Keys(t testing.TB, begin string) fleet.Keys {
	t.Helper()
	keys, err := fleet.NewKeys(fmt.Sprintf("%s-%08x", begin, rand.Uint32()))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Name returns the name of the fleet that has keys.
func Name(keys fleet.Keys) string {
	return strings.TrimSuffix(strings.TrimPrefix(keys.Prefix(), fleet.Root), "/")
}

// A Host is a host whose keys a test writes.
type Host struct {
	Name   string
	Lease  clientv3.LeaseID
	t      testing.TB
	client *clientv3.Client
	keys   fleet.Keys
}

// NewHost returns a host with a lease that outlasts the test, and writes its info.
func NewHost(t testing.TB, client *clientv3.Client, keys fleet.Keys, name string) *Host {
	t.Helper()
	lease, err := client.Grant(t.Context(), 3600)
	if err != nil {
		t.Fatal(err)
	}
	h := HostOf(t, client, keys, name, lease.ID)
	info := &fleet.Info{Host: name, ID: "id of " + name, Version: "test", Every: 60}
	h.Put(keys.Info(name), info.Encode())
	return h
}

// HostOf returns a host with a lease, and writes nothing.
func HostOf(t testing.TB, client *clientv3.Client, keys fleet.Keys, name string, lease clientv3.LeaseID) *Host {
	return &Host{Name: name, Lease: lease, t: t, client: client, keys: keys}
}

// Put writes a key under the host's lease.
func (h *Host) Put(key string, value []byte) {
	h.t.Helper()
	Put(h.t, h.client, key, string(value), clientv3.WithLease(h.Lease))
}

// Delete removes a key.
func (h *Host) Delete(key string) {
	h.t.Helper()
	if _, err := h.client.Delete(h.t.Context(), key); err != nil {
		h.t.Fatal(err)
	}
}

// See publishes that the host sees targets at the portal with an address, and returns their
// answer.
func (h *Host) See(address string, names ...string) *fleet.Answer {
	h.t.Helper()
	a := Answer(h.t, names...)
	h.Path(address, &fleet.Path{Up: true, Targets: a.Targets, Answer: a.Digest})
	return a
}

// Fail publishes that a portal fails.
func (h *Host) Fail(address, stage, message string) {
	h.t.Helper()
	h.Path(address, &fleet.Path{Stage: stage, Message: message})
}

// Path publishes a path.
func (h *Host) Path(address string, p *fleet.Path) {
	h.t.Helper()
	p.Host = h.Name
	h.Put(h.keys.Path(h.Name, Entry(address)), p.Encode())
}

// Deliver writes parts of an answer.
func (h *Host) Deliver(d fleet.Digest, parts ...[]byte) {
	h.t.Helper()
	for i, p := range parts {
		h.Put(h.keys.Answer(h.Name, d, i), p)
	}
}

// End ends the host's lease, and with it all that the host wrote.
func (h *Host) End() {
	h.t.Helper()
	if _, err := h.client.Revoke(h.t.Context(), h.Lease); err != nil {
		h.t.Fatal(err)
	}
}

// Serve calls deliver for each answer that the host is asked for, until the test ends.
func (h *Host) Serve(deliver func(fleet.Digest)) {
	h.t.Helper()
	watch := h.client.Watch(h.t.Context(), h.keys.Wanted(h.Name), clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	<-watch
	done := make(chan struct{})
	go func() {
		defer close(done)
		for response := range watch {
			for _, e := range response.Events {
				if k := h.keys.Parse(string(e.Kv.Key)); e.Type == clientv3.EventTypePut {
					deliver(k.Digest)
				} else {
					_, _ = h.client.Delete(h.t.Context(), h.keys.Answers(h.Name)+k.Digest.String()+"/", clientv3.WithPrefix())
				}
			}
		}
	}()
	h.t.Cleanup(func() { <-done })
}

// Entry is the entry of a portal with an address, at TCP port 3260.
func Entry(address string) fleet.Entry {
	return fleet.Entry{Key: initiator.Key{Portal: initiator.Portal{Address: address, Port: 3260}, Port: ports.All}}
}

// Targets returns targets with names and one address each.
func Targets(names ...string) []target.Target {
	targets := make([]target.Target, len(names))
	for i, n := range names {
		targets[i] = target.Target{Name: n, Addresses: []target.Address{{Host: "192.0.2.1", Port: 3260, Group: 1}}}
	}
	return targets
}

// Answer returns the answer with targets of some names.
func Answer(t testing.TB, names ...string) *fleet.Answer {
	t.Helper()
	a, err := fleet.Encode(Targets(names...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Put writes a key.
func Put(t testing.TB, client *clientv3.Client, key, value string, opts ...clientv3.OpOption) {
	t.Helper()
	if _, err := client.Put(t.Context(), key, value, opts...); err != nil {
		t.Fatalf("put %.200s: %v", key, err)
	}
}

// AwaitGone waits until no key with a prefix is there.
func AwaitGone(t testing.TB, client *clientv3.Client, prefix string) {
	t.Helper()
	await(t, client, prefix, func(n int64) bool { return n == 0 })
}

// AwaitThere waits until a key with a prefix is there.
func AwaitThere(t testing.TB, client *clientv3.Client, prefix string) {
	t.Helper()
	await(t, client, prefix, func(n int64) bool { return n > 0 })
}

func await(t testing.TB, client *clientv3.Client, prefix string, ok func(int64) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Limit)
	defer cancel()
	watch := client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	for range watch {
		got, err := client.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil {
			t.Fatal(err)
		}
		if ok(got.Count) {
			return
		}
	}
	t.Fatalf("the keys below %s did not become what they should in time", prefix)
}
