package watching

import (
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// TestSilentIsNotFailed: the last line counts portals that did not answer apart from those
// that failed.
func TestSilentIsNotFailed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	v := &View{rows: make(map[rowKey]*row)}
	for _, s := range states(now) {
		v.Report(&s)
	}
	down := watch.State{Key: key("192.0.2.80", 0), Status: watch.Down, Next: now.Add(time.Second)}
	down.Last = &initiator.Result{Err: &initiator.Error{Stage: initiator.StageConnect, Err: &initiator.TimeoutError{Limit: time.Second}}}
	v.Report(&down)
	if got, want := v.summary(now), "2 of 5 paths up · 1 failed · 1 silent · next in 1 s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	down.Last = nil // a change of another kind leaves it as it is
	v.Report(&down)
	down.Key = key("203.0.113.11", 1)
	down.Last = &initiator.Result{Err: &initiator.Error{Stage: initiator.StageConnect, Err: syscall.ECONNREFUSED}}
	v.Report(&down)
	if got, want := v.summary(now), "2 of 5 paths up · 1 failed · 1 silent · next in 1 s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
