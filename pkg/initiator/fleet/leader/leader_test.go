package leader_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

// TestLeader runs what needs a server with each server that there is.
func TestLeader(t *testing.T) {
	t.Parallel()
	etcdtest.Each(t, func(kind etcdtest.Kind) map[string]func(*testing.T, *etcdtest.Server) {
		tests := map[string]func(*testing.T, *etcdtest.Server){
			"copies": testCopies, "late": testLate, "known": testKnown, "prunes": testPrunes,
			"next": testNext, "cut off": testCutOff, "takes over": testTakesOver, "newer": testNewer, "forgets": testForgets, "dropped": testDropped, "grants": testGrants,
		}
		if kind == etcdtest.Built { // what matters there is what hosts do, not what the server does
			tests["parts"], tests["lies"] = testParts, testLies
		}
		return tests
	})
}

// A candidate is a Leader that runs.
type candidate struct {
	*leader.Leader
	states chan leader.State
	end    func()
}

// start runs a candidate until the test ends, or end is called.
func start(t *testing.T, client *clientv3.Client, keys fleet.Keys, name string, change ...func(*leader.Leader)) *candidate {
	t.Helper()
	c := &candidate{states: make(chan leader.State, 10_000)}
	l, err := leader.New(leader.Config{
		Client: client, Keys: keys, Name: name, Every: 4 * time.Second, TTL: 2 * time.Second,
		Report: func(s leader.State) { c.states <- s },
	})
	if err != nil {
		t.Fatal(err)
	}
	l.SetWait(50 * time.Millisecond)
	for _, f := range change {
		f(l)
	}
	c.Leader = l
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	c.end = func() { cancel(); running.Wait() }
	t.Cleanup(c.end)
	return c
}

// await returns the first State that is as it should be.
func (c *candidate) await(t *testing.T, what string, ok func(leader.State) bool) leader.State {
	t.Helper()
	limit := time.After(fleettest.Limit)
	var last leader.State
	for {
		select {
		case last = <-c.states:
			if ok(last) {
				return last
			}
		case <-limit:
			t.Fatalf("%s: not in time; the last state is %+v", what, last)
		}
	}
}

func leads(s leader.State) bool { return s.Leading }

// known waits until what the leader remembers of a host is as it should be.
func known(t *testing.T, client *clientv3.Client, keys fleet.Keys, host string, ok func(*fleet.Known) bool) *fleet.Known {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fleettest.Limit)
	defer cancel()
	last := ""
	for range client.Watch(ctx, keys.Known(host), clientv3.WithCreatedNotify()) {
		got, err := client.Get(ctx, keys.Known(host))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Kvs) == 0 {
			continue
		}
		last = string(got.Kvs[0].Value)
		if k, err := fleet.DecodeKnown(host, got.Kvs[0].Value); err == nil && ok(k) {
			return k
		}
	}
	t.Fatalf("what is known of host %s: not in time; it is %s", host, last)
	return nil
}

// serve has a host deliver answers as an honest one does.
func serve(h *fleettest.Host, answers ...*fleet.Answer) {
	h.Serve(func(d fleet.Digest) {
		for _, a := range answers {
			if a.Digest == d {
				h.Deliver(d, a.Parts...)
			}
		}
	})
}

func testCopies(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "copies")
	reader := view.NewReader(client, keys)
	reading, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { reader.Run(reading) })
	defer running.Wait()
	defer cancel()
	var answers []*fleet.Answer
	for i := range 10 {
		h := fleettest.NewHost(t, client, keys, "h"+strconv.Itoa(i))
		same := h.See("192.0.2.1", "iqn.2026-01.example:all")
		own := h.See("192.0.2.2", "iqn.2026-01.example:all", "iqn.2026-01.example:"+strconv.Itoa(i))
		answers = append(answers, same, own)
		serve(h, same, own)
	}
	c := start(t, client, keys, "lead", func(l *leader.Leader) { l.SetReader(reader) })
	c.await(t, "all answers copied", func(s leader.State) bool { return s.Copied == 11 && s.Lacking == 0 && s.Asked == 0 })
	for _, a := range answers {
		if targets, err := reader.Answer(t.Context(), a.Digest); err != nil || len(targets) != a.Targets {
			t.Errorf("got %d targets, %v; want %d", len(targets), err, a.Targets)
		}
	}
	fleettest.AwaitGone(t, client, keys.Wants())
	for i := range 10 {
		fleettest.AwaitGone(t, client, keys.Answers("h"+strconv.Itoa(i)))
	}

	// What appears later is copied as well.
	h := fleettest.NewHost(t, client, keys, "later")
	serve(h, fleettest.Answer(t))
	h.See("192.0.2.1")
	c.await(t, "the empty answer copied", func(s leader.State) bool { return s.Copied == 12 })
}

// testParts: an answer of several parts, which a host writes in any order.
func testParts(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "parts")
	a := large(t, 13_000)
	if len(a.Parts) < 2 {
		t.Fatalf("got %d parts, want several", len(a.Parts))
	}
	h := fleettest.NewHost(t, client, keys, "h")
	h.Path("192.0.2.1", &fleet.Path{Up: true, Targets: a.Targets, Answer: a.Digest})
	h.Serve(func(d fleet.Digest) {
		for i := len(a.Parts) - 1; i >= 0; i-- {
			h.Put(keys.Answer("h", d, i), a.Parts[i])
		}
	})
	c := start(t, client, keys, "lead", func(l *leader.Leader) { l.SetEvery(time.Minute) })
	c.await(t, "the answer copied", func(s leader.State) bool { return s.Copied == 1 })
	if targets, err := view.NewReader(client, keys).Answer(t.Context(), a.Digest); err != nil || len(targets) != a.Targets {
		t.Errorf("got %d targets, %v", len(targets), err)
	}
	firstPartLast(t, client, keys, a)
}

// testKnown: what the leader remembers of hosts.
func testKnown(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "known")
	b := fleettest.NewHost(t, client, keys, "b")
	b.Fail("192.0.2.1", "connect", "refused")
	b.Fail("192.0.2.2", "connect", "refused")
	c := start(t, client, keys, "lead", func(l *leader.Leader) { l.SetKeep(time.Hour, time.Hour) })
	first := known(t, client, keys, "b", func(k *fleet.Known) bool { return !k.First.IsZero() })
	b.End()
	silent := known(t, client, keys, "b", func(k *fleet.Known) bool { return !k.SilentSince.IsZero() })
	if silent.Paths != 2 || !silent.First.Equal(first.First) {
		t.Errorf("got %+v, want 2 paths, first seen %v", silent, first.First)
	}
	fleettest.NewHost(t, client, keys, "b")
	back := known(t, client, keys, "b", func(k *fleet.Known) bool { return k.SilentSince.IsZero() })
	if back.Paths != 0 || !back.First.Equal(first.First) {
		t.Errorf("got %+v", back)
	}
	c.end()
}

// testForgets: a host that was silent for long is forgotten; one that is there is not.
func testForgets(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "forgets")
	fleettest.NewHost(t, client, keys, "a")
	b := fleettest.NewHost(t, client, keys, "b")
	start(t, client, keys, "lead", func(l *leader.Leader) { l.SetKeep(time.Hour, 0); l.SetEvery(100 * time.Millisecond) })
	known(t, client, keys, "a", func(k *fleet.Known) bool { return k.SilentSince.IsZero() })
	fleettest.AwaitThere(t, client, keys.Known("b"))
	b.End()
	fleettest.AwaitGone(t, client, keys.Known("b"))
	known(t, client, keys, "a", func(k *fleet.Known) bool { return k.SilentSince.IsZero() })
}

// testDropped: a silent host that an administrator drops is not written again, and is new
// when it comes back.
func testDropped(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "dropped")
	a, b := fleettest.NewHost(t, client, keys, "a"), fleettest.NewHost(t, client, keys, "b")
	start(t, client, keys, "lead", func(l *leader.Leader) { l.SetEvery(100 * time.Millisecond) })
	first := known(t, client, keys, "b", func(*fleet.Known) bool { return true })
	b.End()
	known(t, client, keys, "b", func(k *fleet.Known) bool { return !k.SilentSince.IsZero() })
	b.Delete(keys.Known("b"))
	known(t, client, keys, "a", func(*fleet.Known) bool { return true })
	a.End() // another change, after which the leader looks again
	known(t, client, keys, "a", func(k *fleet.Known) bool { return !k.SilentSince.IsZero() })
	fleettest.AwaitGone(t, client, keys.Known("b"))
	fleettest.NewHost(t, client, keys, "b")
	if again := known(t, client, keys, "b", func(*fleet.Known) bool { return true }); !again.First.After(first.First) || !again.SilentSince.IsZero() {
		t.Errorf("got %+v after %+v", again, first)
	}
}

// testNewer: a record of a newer version stays as it is.
func testNewer(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "newer")
	const record = `{"schema":99,"host":"a"}`
	fleettest.Put(t, client, keys.Known("a"), record)
	fleettest.Put(t, client, keys.Known("b"), "damaged")
	fleettest.NewHost(t, client, keys, "a")
	fleettest.NewHost(t, client, keys, "b")
	start(t, client, keys, "lead")
	known(t, client, keys, "b", func(k *fleet.Known) bool { return true })
	if got, err := client.Get(t.Context(), keys.Known("a")); err != nil || string(got.Kvs[0].Value) != record {
		t.Errorf("got %v, %v; want %s", got, err, record)
	}
}

// testPrunes: copies that nobody names, and parts of copies that never became whole.
func testPrunes(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "prunes")
	broken, old := fleettest.Answer(t, "iqn.2026-01.example:broken"), fleettest.Answer(t, "iqn.2026-01.example:old")
	fleettest.Put(t, client, keys.Copied(broken.Digest, 1), "part")
	fleettest.Put(t, client, keys.Copied(old.Digest, 0), string(old.Parts[0]))
	fleettest.Put(t, client, keys.Want("gone", old.Digest), "")
	h := fleettest.NewHost(t, client, keys, "h")
	kept := h.See("192.0.2.1", "iqn.2026-01.example:kept")
	serve(h, kept)
	start(t, client, keys, "lead", func(l *leader.Leader) { l.SetKeep(time.Second, time.Hour); l.SetEvery(time.Second) })
	fleettest.AwaitThere(t, client, keys.Copied(kept.Digest, 0))
	fleettest.AwaitGone(t, client, keys.Copy(broken.Digest))
	fleettest.AwaitGone(t, client, keys.Copy(old.Digest))
	fleettest.AwaitGone(t, client, keys.Wants())
	if got, err := client.Get(t.Context(), keys.Copied(kept.Digest, 0)); err != nil || got.Count != 1 {
		t.Errorf("the answer that is named: got %v, %v", got, err)
	}
	h.Fail("192.0.2.1", "connect", "refused") // names the answer no longer
	fleettest.AwaitGone(t, client, keys.Copy(kept.Digest))
	h.See("192.0.2.1", "iqn.2026-01.example:kept")
	fleettest.AwaitThere(t, client, keys.Copied(kept.Digest, 0))
}

// TestNew: what cannot be a candidate.
func TestNew(t *testing.T) {
	t.Parallel()
	keys := fleettest.Keys(t, "f")
	name := (*fleet.NameError)(nil)
	if _, err := leader.New(leader.Config{Client: new(clientv3.Client), Keys: keys, Name: "No Host"}); !errors.As(err, &name) {
		t.Errorf("got %v, want a NameError", err)
	}
	if _, err := leader.New(leader.Config{Keys: keys, Name: "h"}); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("without a client: got %v", err)
	}
}
