package registry_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A changing is a target whose list changes between sessions.
type changing struct {
	mu    sync.Mutex // guards names
	names []string   // nil: logins are refused
}

func (c *changing) set(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names = names
}

// Handle serves a session.
func (c *changing) Handle(conn *iscsitest.Conn) error {
	c.mu.Lock()
	t := &iscsitest.Target{Records: scene.Records(c.names...)}
	if c.names == nil {
		t.Status = 0x0301 // service unavailable
	}
	c.mu.Unlock()
	return t.Handle(conn)
}

// inWords returns an event in a few words.
func inWords(e watch.Event) string {
	s := strings.TrimSpace(string(e.Type) + " " + e.Key.Portal.Address + " " + strings.TrimPrefix(e.Change.Target, "iqn.2026-11.com.example:"))
	if e.Type == watch.Snapshot {
		s += fmt.Sprintf(" %t %d", e.Up, e.Targets)
		if !e.Up && !strings.Contains(fmt.Sprint(e.Err), e.Key.Portal.Address) {
			s += fmt.Sprintf(" without a reason: %v", e.Err)
		}
	}
	return s
}

// A watching is a watch that runs in the background.
type watching struct {
	mu     sync.Mutex // guards events
	events []string
	states map[initiator.Key]watch.State
	end    func()
}

func watchIn(t *testing.T, s *registry.Service, cfg watch.Config) *watching {
	t.Helper()
	w := &watching{states: make(map[initiator.Key]watch.State)}
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Report = func(s *watch.State) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.states[s.Key] = *s
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for e := range s.Watch(ctx, cfg) {
			w.mu.Lock()
			w.events = append(w.events, inWords(e))
			w.mu.Unlock()
		}
	}()
	w.end = func() { cancel(); <-ended }
	return w
}

// take returns what was told since the last call.
func (w *watching) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return events
}

func (w *watching) want(t *testing.T, when string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.take()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// everySecond is a watch that tells each change within a second.
var everySecond = watch.Config{Every: time.Second, Jitter: -1, HoldVanished: 1}

// TestWatch: a watch begins with what the registry knows, and two watches of one registry
// both tell each change that either of them, or somebody else, takes into the registry.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		target := new(changing)
		target.set("iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b")
		p := scene.Portal(w.network, "192.0.2.1:3260", target)
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		target.set("iqn.2026-11.com.example:b", "iqn.2026-11.com.example:c")
		one, two := watchIn(t, w.Service, everySecond), watchIn(t, w.Service, everySecond)
		time.Sleep(5 * time.Second)
		for _, each := range []*watching{one, two} {
			each.want(t, "at the beginning", "snapshot 192.0.2.1 true 2", "target-vanished 192.0.2.1 a", "target-appeared 192.0.2.1 c")
		}
		target.set("iqn.2026-11.com.example:b")
		time.Sleep(5 * time.Second)
		other := scene.Portal(w.network, "192.0.2.2:3260", target)
		_, err = w.AddSendTargetPortal(t.Context(), other)
		scene.WantCode(t, err, isdsc.Success)
		time.Sleep(5 * time.Second)
		target.set()
		time.Sleep(5 * time.Second)
		if err := w.RemoveSendTargetPortal(t.Context(), other.Key()); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Second)
		for _, each := range []*watching{one, two} {
			got := each.take()
			slices.Sort(got[3:5])
			if diff := cmp.Diff([]string{"target-vanished 192.0.2.1 c", "portal-added 192.0.2.2", "snapshot 192.0.2.2 true 1", "portal-failed 192.0.2.1", "portal-failed 192.0.2.2", "portal-removed 192.0.2.2"}, got); diff != "" {
				t.Errorf("later (-want +got):\n%s", diff)
			}
		}
		one.end()
		two.end()
		again := watchIn(t, w.Service, everySecond)
		time.Sleep(15 * time.Second)
		again.want(t, "of a portal that fails still", "snapshot 192.0.2.1 false 1")
		target.set("iqn.2026-11.com.example:b", "iqn.2026-11.com.example:c")
		time.Sleep(15 * time.Second)
		again.want(t, "when it has recovered", "portal-recovered 192.0.2.1", "target-appeared 192.0.2.1 c")
		again.end()
	})
}

// A breakable is a store that fails as long as a test wants it to.
type breakable struct {
	memstore.Store
	mu          sync.Mutex // guards the following
	read, write error
}

func (s *breakable) set(read, write error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read, s.write = read, write
}

func (s *breakable) errors() (read, write error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read, s.write
}

func (s *breakable) Get(ctx context.Context, key string) (registry.Record, error) {
	if read, _ := s.errors(); read != nil {
		return registry.Record{}, read
	}
	return s.Store.Get(ctx, key)
}

func (s *breakable) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		if read, _ := s.errors(); read != nil {
			yield(registry.Record{}, read)
			return
		}
		s.Store.List(ctx, prefix)(yield)
	}
}

func (s *breakable) Apply(ctx context.Context, changes ...registry.Change) error {
	if _, write := s.errors(); write != nil {
		return write
	}
	return s.Store.Apply(ctx, changes...)
}

// TestWatchBroken: a registry that cannot be read, or not be written, is told once, and so
// is its end. Where it can be read, changes of portals are told all the while; no portal
// fails for it.
func TestWatchBroken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(breakable)
		w := newWorld(t, func(c *registry.Config) { c.Store = store })
		target := new(changing)
		target.set("iqn.2026-11.com.example:a")
		_, err := w.AddSendTargetPortal(t.Context(), scene.Portal(w.network, "192.0.2.1:3260", target))
		scene.WantCode(t, err, isdsc.Success)
		broken := errors.New("disk I/O error")
		store.set(broken, nil)
		watching := watchIn(t, w.Service, everySecond)
		defer watching.end()
		time.Sleep(5 * time.Second)
		watching.want(t, "unreadable at the beginning", "registry-failed")
		store.set(nil, nil)
		time.Sleep(5 * time.Second)
		watching.want(t, "readable", "registry-recovered", "snapshot 192.0.2.1 true 1")
		store.set(nil, broken)
		time.Sleep(5 * time.Second)
		target.set("iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b")
		time.Sleep(5 * time.Second)
		watching.want(t, "unwritable", "registry-failed", "target-appeared 192.0.2.1 b")
		store.set(nil, nil)
		time.Sleep(5 * time.Second)
		watching.want(t, "writable", "registry-recovered")
		store.set(broken, broken)
		time.Sleep(5 * time.Second)
		target.set("iqn.2026-11.com.example:a")
		time.Sleep(5 * time.Second)
		watching.want(t, "gone", "registry-failed")
		store.set(nil, nil)
		time.Sleep(5 * time.Second)
		got := watching.take()
		slices.Sort(got)
		if diff := cmp.Diff([]string{"registry-recovered", "target-vanished 192.0.2.1 b"}, got); diff != "" {
			t.Errorf("back (-want +got):\n%s", diff)
		}
	})
}

// TestWatchSecrets: what a watch reports of a portal has none of its secrets.
func TestWatchSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := scene.Portal(w.network, "192.0.2.1:3260", &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Records: scene.Records(scene.Disk1)})
		_, err := w.AddSendTargetPortal(t.Context(), scene.WithCHAP(p, scene.CHAPUser, scene.CHAPSecret))
		scene.WantCode(t, err, isdsc.Success)
		watching := watchIn(t, w.Service, everySecond)
		time.Sleep(5 * time.Second)
		watching.end()
		state := watching.states[p.Key()]
		if r := state.Last; r == nil || r.Err != nil || !r.Asked.Login.Password.IsZero() || r.Targets != nil || state.Status != watch.Up {
			t.Errorf("%+v", state)
		}
	})
}

// TestWatchDamaged: an entry that cannot be read has failed, for that is why its portal is
// not asked; the registry is not broken, and other portals are watched. Targets that cannot
// be read are not known.
func TestWatchDamaged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		target := new(changing)
		target.set(scene.Disk1)
		p, bad := scene.Portal(w.network, "192.0.2.1:3260", target), scene.Portal(w.network, "192.0.2.2:3260", target)
		for _, each := range []initiator.SendTargetPortal{p, bad} {
			_, err := w.AddSendTargetPortal(t.Context(), each)
			scene.WantCode(t, err, isdsc.Success)
		}
		for _, prefix := range []string{"portal/192.0.2.2", "target/iqn.2026-11.com.example:disk1/SendTargets:%2A192.0.2.2"} {
			damaged := 0
			for r, err := range w.store.List(t.Context(), prefix) {
				if err != nil {
					t.Fatal(err)
				}
				damaged++
				if err := w.store.Apply(t.Context(), registry.Change{Key: r.Key, Version: r.Version, Value: []byte("{")}); err != nil {
					t.Fatal(err)
				}
			}
			if damaged != 1 {
				t.Fatalf("%d records begin with %s", damaged, prefix)
			}
		}
		watching := watchIn(t, w.Service, everySecond)
		time.Sleep(5 * time.Second)
		target.set(scene.Disk1, scene.Disk2)
		time.Sleep(5 * time.Second)
		watching.end()
		watching.want(t, "with a damaged entry", "snapshot 192.0.2.1 true 1", "snapshot 192.0.2.2 false 0", "target-appeared 192.0.2.1 disk2")
		state, ok := watching.states[bad.Key()]
		var e *initiator.Error
		if !ok || state.Status != watch.Down || state.Last == nil || !errors.As(state.Last.Err, &e) || e.Stage != initiator.StageValidate {
			t.Errorf("%t, %+v", ok, state)
		}
	})
}
