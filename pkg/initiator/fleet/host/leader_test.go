package host_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// The leader asks one host for each answer, and copies it for all;
// nothing of it stays with the host.
func TestWithLeader(t *testing.T) {
	onEach(t, func(w *world) {
		small, large := encoded(w.T, []string{"x"}), encoded(w.T, random(2_000))
		a, b := w.run(setting{name: "a"}), w.run(setting{name: "b"})
		l, err := leader.New(leader.Config{Client: w.admin, Keys: w.keys, Name: "lead", Every: time.Minute})
		if err != nil {
			w.Fatal(err)
		}
		r := view.NewReader(w.admin, w.keys)
		ctx, cancel := context.WithCancel(w.Context())
		var wait sync.WaitGroup
		wait.Go(func() { l.Run(ctx) })
		wait.Go(func() { r.Run(ctx) })
		defer wait.Wait()
		defer cancel()
		a.sees(1, "x")
		b.sees(1, "x")
		b.sees(2, random(2_000)...)
		w.holds("both answers", w.keys.Copies(), func(all map[string]string) bool {
			return all[small.Digest.String()+"/0000"] != "" && all[large.Digest.String()+"/0000"] != ""
		})
		for _, name := range []string{"a", "b"} {
			w.notDelivered(name)
		}
		w.holds("no wants", w.keys.View()+"want/", func(all map[string]string) bool { return len(all) == 0 })
		if got, err := r.Answer(w.Context(), large.Digest); err != nil || len(got) != large.Targets {
			w.Errorf("got %d targets, %v", len(got), err)
		}
		for changed := r.Changed(); len(r.View().Hosts) != 2 || len(r.View().Hosts["b"].Paths) != 2; changed = r.Changed() {
			select {
			case <-changed:
			case <-time.After(waitLimit):
				w.Fatalf("got %+v", r.View())
			}
		}
		for name, known := range w.holds("what is known", w.keys.KnownHosts(), func(all map[string]string) bool { return len(all) == 2 }) {
			if strings.Contains(known, `"lie"`) {
				w.Errorf("%s: got %s", name, known)
			}
		}
	})
}
