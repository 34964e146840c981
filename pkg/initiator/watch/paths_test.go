package watch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// TestPaths: a target that one initiator port no longer sees, and another of the same
// portal does, is a path that is lost, until the port sees it again. A target that is gone
// from all of them, or new, is none.
func TestPaths(t *testing.T) {
	t.Parallel()
	a, b, other := key(0, 0), key(0, 1), key(1, 0)
	type seen = map[initiator.Key]initiator.Result
	both := seen{a: has("x", "y"), b: has("x", "y"), other: has("x", "y")}
	tests := []struct {
		name         string
		holdVanished int
		minutes      []seen // what is seen in each; the last holds on
		want         []string
	}{
		{name: "lost and found", minutes: []seen{both, {a: has("y"), b: has("x", "y")}, {}, {}, both}, want: []string{
			"target-vanished 192.0.0.0/0 x", "path-lost 192.0.0.0/0 x", "target-appeared 192.0.0.0/0 x", "path-found 192.0.0.0/0 x",
		}},
		{name: "lost at once", holdVanished: 1, minutes: []seen{both, {a: has("y"), b: has("x", "y")}}, want: []string{"target-vanished 192.0.0.0/0 x", "path-lost 192.0.0.0/0 x"}},
		{name: "gone from both", minutes: []seen{both, {a: has("y"), b: has("y"), other: has("x", "y")}}, want: []string{"target-vanished 192.0.0.0/0 x", "target-vanished 192.0.0.0/1 x"}},
		{name: "new at both", minutes: []seen{{a: has(), b: has(), other: has("x")}, {a: has("x"), b: has("x")}}, want: []string{"target-appeared 192.0.0.0/0 x", "target-appeared 192.0.0.0/1 x"}},
		{name: "the other port is down", minutes: []seen{both, {b: down}, {a: has("y")}}, want: []string{"portal-failed 192.0.0.0/1 0xefff0003 was 0x0", "target-vanished 192.0.0.0/0 x"}},
		{name: "another portal has it", minutes: []seen{{a: has("x"), b: has(), other: has("x")}, {a: has()}}, want: []string{"target-vanished 192.0.0.0/0 x"}},
		{name: "lost, and then gone from both, and back at both", minutes: []seen{both, {a: has("y")}, {}, {}, {b: has("y")}, {}, {}, both}, want: []string{
			"target-vanished 192.0.0.0/0 x", "path-lost 192.0.0.0/0 x", "target-vanished 192.0.0.0/1 x",
			"target-appeared 192.0.0.0/0 x", "target-appeared 192.0.0.0/1 x",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, a, b, other)
				start := time.Now()
				f.answer = func(_ context.Context, k initiator.Key, _ int) initiator.Result {
					if k == b { // a is first in each minute
						time.Sleep(time.Second)
					}
					var r initiator.Result
					for i := 0; i <= int(time.Since(start)/time.Minute) && i < len(tt.minutes); i++ {
						if now, ok := tt.minutes[i][k]; ok {
							r = now
						}
					}
					return r
				}
				told := within(t, 12*time.Minute+30*time.Second, f, watch.Config{Now: true, Jitter: -1, HoldVanished: tt.holdVanished})
				if diff := cmp.Diff(tt.want, told[3:]); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestManyPaths: when a port loses all of a long list at once, each is a path that is lost,
// in a time that does not grow with the square of the list.
func TestManyPaths(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 20_000
		f := newFake(t, key(0, 0), key(0, 1), key(0, 2))
		all := list(n, "")
		f.answer = func(_ context.Context, k initiator.Key, i int) initiator.Result {
			if k == key(0, 0) && i > 1 {
				return has()
			}
			return all
		}
		lost := 0
		for _, e := range eventsWithin(t, 5*time.Minute, f, watch.Config{Now: true, Jitter: -1}) {
			if e.Type == watch.PathLost {
				lost++
			}
		}
		if lost != n {
			t.Errorf("%d paths are lost, want %d", lost, n)
		}
	})
}
