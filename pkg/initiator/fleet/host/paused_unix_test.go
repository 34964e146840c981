//go:build unix

package host_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A server that keeps its connections and answers nothing is told as one that is away, and
// what is seen meanwhile comes when it answers again.
func TestSilentServer(t *testing.T) {
	onOwn(t, etcdtest.Options{}, func(w *world) {
		r := w.run(setting{limits: host.Limits{TTL: shortTTL, Request: time.Second}})
		r.sees(1, "x")
		r.connected()
		w.server.Pause(w.T)
		err := r.failed()
		if lease := (*host.LeaseError)(nil); !errors.As(err, &lease) {
			w.Errorf("got %v", err)
		}
		r.sees(2, "x")
		w.server.Resume(w.T)
		w.hasPaths("a", 1, 2)
		r.connected()
	})
}
