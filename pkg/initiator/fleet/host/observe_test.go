package host_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// observer returns a Host that is never connected.
func observer(t *testing.T, change ...func(*host.Config)) *host.Host {
	t.Helper()
	keys, err := fleet.NewKeys("f")
	if err != nil {
		t.Fatal(err)
	}
	cfg := host.Config{Client: clientv3.NewCtxClient(t.Context()), Keys: keys, Name: "a", Info: func() fleet.Info { return fleet.Info{} }}
	for _, c := range change {
		c(&cfg)
	}
	h, err := host.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestPaths: what each attempt makes of a path, in order.
func TestPaths(t *testing.T) {
	t.Parallel()
	t0 := time.Date(2026, 11, 30, 12, 0, 0, 123456789, time.FixedZone("here", 3600))
	t1, t2 := t0.Add(time.Minute), t0.Add(2*time.Minute)
	answer := func(complete bool) *initiator.Result {
		return &initiator.Result{Complete: complete, Source: netip.MustParseAddr("192.0.2.2")}
	}
	failure := func(stage initiator.Stage) *initiator.Result {
		return &initiator.Result{Err: &initiator.Error{Stage: stage, Err: errors.New("told")}}
	}
	two := targets("x", "y")
	digest := encoded(t, []string{"x", "y"}).Digest
	h := observer(t, func(cfg *host.Config) {
		cfg.FromFleet = func(k initiator.Key) bool { return k.Portal.Address == "192.0.0.2" }
	})
	for i, step := range []struct {
		n       int
		state   watch.State
		targets []target.Target
		want    *fleet.Path // nil: there is none
	}{
		{1, watch.State{Status: watch.Unknown}, nil, nil}, // not asked yet
		{1, watch.State{Since: t0, LastAttempt: t1, Targets: 2, Last: answer(true)}, two, &fleet.Path{Up: true, Since: t0, Source: "192.0.2.2", Targets: 2, Answer: digest}},
		{1, watch.State{Since: t1, LastAttempt: t1, Targets: 2, Last: answer(true)}, two, &fleet.Path{Up: true, Since: t0, Source: "192.0.2.2", Targets: 2, Answer: digest}},
		{1, watch.State{Since: t1, LastAttempt: t1, Targets: 2, Last: answer(false)}, two, &fleet.Path{Up: true, Since: t0, Source: "192.0.2.2", Targets: 2, Answer: digest, Incomplete: true}},
		{1, watch.State{FailingSince: t1, LastAttempt: t2, Targets: 2, Last: failure(initiator.StageLogin)}, nil, &fleet.Path{Since: t1, Targets: 2, Answer: digest, Incomplete: true, Stage: "login"}},
		{1, watch.State{Since: t0, LastAttempt: t2, Targets: 2, Last: answer(true)}, two, &fleet.Path{Up: true, Since: t2, Source: "192.0.2.2", Targets: 2, Answer: digest}},
		{2, watch.State{FailingSince: t0, LastAttempt: t2, Targets: 7, Last: failure(initiator.StageConnect)}, nil, &fleet.Path{Since: t0, Targets: 7, Stage: "connect", Fleet: true}},
		// A portal and an iSNS server at one address are two.
		{3, watch.State{ISNS: true, Since: t0, Targets: 2, Last: answer(true)}, two, &fleet.Path{Up: true, Since: t0, Source: "192.0.2.2", Targets: 2, Answer: digest, ISNS: true}},
		{3, watch.State{Since: t1, Targets: 0, Last: answer(true)}, nil, &fleet.Path{Up: true, Since: t1, Source: "192.0.2.2", Answer: encoded(t, nil).Digest}},
		{3, watch.State{ISNS: true, Since: t2, Targets: 2, Last: answer(true)}, two, &fleet.Path{Up: true, Since: t0, Source: "192.0.2.2", Targets: 2, Answer: digest, ISNS: true}},
		{3, watch.State{ISNS: true, Removed: true}, nil, nil},
		{3, watch.State{Since: t1, Targets: 0, Last: answer(true)}, nil, &fleet.Path{Up: true, Since: t1, Source: "192.0.2.2", Answer: encoded(t, nil).Digest}},
		{3, watch.State{Removed: true}, nil, nil},
		{3, watch.State{Removed: true}, nil, nil},
	} {
		step.state.Key = key(step.n)
		h.Observe(&step.state, step.targets)
		got := host.PathOf(h, fleet.Entry{Key: key(step.n), ISNS: step.state.ISNS})
		if got == nil || step.want == nil {
			if got != nil || step.want != nil {
				t.Errorf("step %d: got %+v, want %+v", i, got, step.want)
			}
			continue
		}
		if (got.Code == 0) != got.Up || (got.Message == "") != got.Up {
			t.Errorf("step %d: got code %d, message %q", i, got.Code, got.Message)
		}
		want := *step.want
		want.Schema, want.Host, want.Code, want.Message, want.Since = fleet.Schema, "a", got.Code, got.Message, want.Since.UTC().Truncate(time.Millisecond)
		if *got != want {
			t.Errorf("step %d:\ngot  %+v\nwant %+v", i, *got, want)
		}
		if b := got.Encode(); !json.Valid(b) {
			t.Errorf("step %d: got %s", i, b)
		}
	}
}

// What the watch tells is kept in bounds: nothing of the targets stays but the answer, and
// of one answer one copy.
func TestKept(t *testing.T) {
	t.Parallel()
	h := observer(t)
	for n := range 100 {
		h.Observe(&watch.State{Key: key(n), Targets: 2, Last: &initiator.Result{Complete: true}}, targets("x", "y"))
	}
	answers, bytes := host.Kept(h)
	if answers != 1 || bytes == 0 || bytes > 1000 {
		t.Errorf("got %d answers of %d bytes", answers, bytes)
	}
	for n := range 100 {
		h.Observe(&watch.State{Key: key(n), Removed: true}, nil)
	}
	if answers, bytes := host.Kept(h); answers != 0 || bytes != 0 {
		t.Errorf("got %d answers of %d bytes at the end", answers, bytes)
	}
}

// Many goroutines may observe, and ask for the state.
func TestObserveAtOnce(t *testing.T) {
	t.Parallel()
	h := observer(t)
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			for i := range 50 {
				names := []string{"x", "y", "z"}[:i%4%3+1]
				h.Observe(&watch.State{Key: key(n % 3), Targets: len(names), Last: &initiator.Result{Complete: true}}, targets(names...))
				h.State()
			}
			h.Observe(&watch.State{Key: key(n % 3), Removed: true}, nil)
		})
	}
	wait.Wait()
	for n := range 3 {
		h.Observe(&watch.State{Key: key(n), Removed: true}, nil)
	}
	if answers, bytes := host.Kept(h); answers != 0 || bytes != 0 {
		t.Errorf("got %d answers of %d bytes at the end", answers, bytes)
	}
}

// An answer that comes again costs much less than one that is new.
func BenchmarkObserve(b *testing.B) {
	keys, err := fleet.NewKeys("f")
	if err != nil {
		b.Fatal(err)
	}
	h, err := host.New(host.Config{Client: clientv3.NewCtxClient(b.Context()), Keys: keys, Name: "a", Info: func() fleet.Info { return fleet.Info{} }})
	if err != nil {
		b.Fatal(err)
	}
	all := targets(random(500)...)
	s := &watch.State{Key: key(1), Targets: len(all), Last: &initiator.Result{Complete: true}}
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			h.Observe(s, all)
		}
	})
	b.Run("new", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			h.Observe(s, all[:1+n%499])
		}
	})
}
