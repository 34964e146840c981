package watch_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// Observe sees each answer with its targets, each failure without, and the end of an
// entry; not what ended with the caller or could not begin. Report follows, without
// targets.
func TestObserve(t *testing.T) {
	t.Parallel()
	for _, withReport := range []bool{true, false} {
		t.Run(fmt.Sprintf("report %t", withReport), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, key(1))
				partial := fails(initiator.StageDiscover, errRefused)
				partial.Targets = has("a").Targets
				answers := []initiator.Result{has("a", "b"), partial, fails(initiator.StageStore, errRefused), fails(initiator.StageConnect, context.Canceled), has()}
				f.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
					return answers[min(n, len(answers)-1)]
				}
				var seen []string
				reload := make(chan struct{}, 1)
				cfg := watch.Config{Every: time.Second, Jitter: -1, Now: true, Reload: reload, Observe: func(s *watch.State, targets []target.Target) {
					seen = append(seen, fmt.Sprintf("%s %d %t", s.Status, len(targets), s.Removed))
					if s.Status == watch.Few && !s.Removed { // the entry goes before it is asked again
						f.set(func() { f.keys = nil })
						reload <- struct{}{}
					}
					if !s.Removed && s.Last.Targets != nil {
						t.Error("the result has targets as well")
					}
				}}
				if withReport {
					cfg.Report = func(s *watch.State) {
						if s.Last != nil && s.Last.Targets != nil {
							t.Error("Report got targets")
						}
					}
				}
				within(t, time.Minute, f, cfg)
				want := []string{"up 2 false", "down 0 false", "few 0 false", "few 0 true"}
				if !slices.Equal(seen, want) {
					t.Errorf("got  %q\nwant %q", seen, want)
				}
			})
		})
	}
}
