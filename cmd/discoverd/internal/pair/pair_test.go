package pair_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/pair"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

// A member is one of a pair under test.
type member struct {
	t      *testing.T
	states chan pair.State
	works  chan bool // true when the work begins, false when it ends
	end    func()
}

// newMember runs a member until the test ends.
func newMember(t *testing.T, client *clientv3.Client, prefix, name string, ttl time.Duration) *member {
	t.Helper()
	return newMemberThat(t, pair.Config{Client: client, Prefix: prefix, Name: name, TTL: ttl})
}

// newMemberThat is newMember for a Config without Report.
func newMemberThat(t *testing.T, cfg pair.Config) *member {
	t.Helper()
	m := &member{t: t, states: make(chan pair.State, 100), works: make(chan bool, 100)}
	cfg.Report = func(s pair.State) { m.states <- s }
	p := pair.New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Run(ctx, func(ctx context.Context) {
			m.works <- true
			<-ctx.Done()
			m.works <- false
		})
	}()
	m.end = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(m.end)
	return m
}

// until waits for a state.
func (m *member) until(what string, is func(pair.State) bool) pair.State {
	m.t.Helper()
	limit := time.After(fleettest.Limit)
	for {
		select {
		case s := <-m.states:
			if is(s) {
				return s
			}
		case <-limit:
			m.t.Fatalf("%s: not in time", what)
		}
	}
}

func (m *member) active() {
	m.t.Helper()
	m.until("it is active", func(s pair.State) bool { return s.Active && s.Err == nil })
}

func (m *member) standsBy(other string) {
	m.t.Helper()
	m.until("it stands by for "+other, func(s pair.State) bool { return !s.Active && s.Other == other })
}

// wantWork holds that the work began, or ended, and nothing else.
func (m *member) wantWork(want bool) {
	m.t.Helper()
	select {
	case got := <-m.works:
		if got != want {
			m.t.Fatalf("the work: got %v, want %v", got, want)
		}
	case <-time.After(fleettest.Limit):
		m.t.Fatalf("the work: nothing, want %v", want)
	}
}

// connect returns a client of a test's own.
func connect(t *testing.T, url string) *clientv3.Client {
	t.Helper()
	client, err := etcd.New(etcd.Config{Endpoints: []string{url}, RequestTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// TestHandover: the first is active; when it ends its work has ended before the next one
// begins, and the last is told who is active now.
func TestHandover(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			client := connect(t, etcdtest.Shared(t, kind).URL())
			prefix := etcdtest.Name("pair") + "/"
			one := newMember(t, client, prefix, "one", time.Hour)
			one.active()
			two := newMember(t, client, prefix, "two", time.Hour)
			two.standsBy("one")
			three := newMember(t, client, prefix, "three", time.Hour)
			three.standsBy("one")
			one.wantWork(true)
			one.end()
			two.active()
			if got := <-one.works; got {
				t.Error("the work of the first began again")
			}
			two.wantWork(true)
			three.standsBy("two")
			three.end()
			two.end()
			if len(three.works) != 0 {
				t.Error("the third worked")
			}
			left, err := client.Get(context.Background(), prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
			if err != nil || left.Count != 0 {
				t.Errorf("got %v, %v: want that nothing is left of those that ended", left, err)
			}
		})
	}
}

// TestCutOff: one that is cut off works on, since it cannot know better, while another one
// takes over; when it hears of that it stands by.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := etcdtest.Shared(t, kind)
			way := fleettest.NewProxy(t, server.Address().String())
			prefix := etcdtest.Name("pair") + "/"
			one := newMember(t, connect(t, "http://"+way.Address), prefix, "one", time.Second)
			one.active()
			one.wantWork(true)
			two := newMember(t, connect(t, server.URL()), prefix, "two", time.Second)
			two.standsBy("one")

			way.Cut()
			one.until("its error is told", func(s pair.State) bool { return s.Active && s.Err != nil })
			two.active()
			two.wantWork(true)
			if len(one.works) != 0 {
				t.Error("the one that is cut off has stopped")
			}
			way.Lead(server.Address().String())
			one.standsBy("two")
			one.wantWork(false)
		})
	}
}

// TestAwayTogether: when etcd was away for all of them, the one that was active is so still,
// and its work went on.
func TestAwayTogether(t *testing.T) {
	t.Parallel()
	server := etcdtest.Shared(t, etcdtest.Debian)
	way := fleettest.NewProxy(t, server.Address().String())
	one := newMember(t, connect(t, "http://"+way.Address), etcdtest.Name("pair")+"/", "one", time.Second)
	one.active()
	way.Cut()
	one.until("its error is told", func(s pair.State) bool { return s.Active && s.Err != nil })
	way.Lead(server.Address().String())
	one.active()
	one.end()
	if got := []bool{<-one.works, <-one.works}; !got[0] || got[1] || len(one.works) != 0 {
		t.Errorf("got %v and %d more: want that the work began and ended once", got, len(one.works))
	}
}
