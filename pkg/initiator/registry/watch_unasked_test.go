package registry_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestWatchUnasked: an entry that cannot be asked any more, since its secret is gone, has
// failed until it can be asked again: else it would seem up for ever.
func TestWatchUnasked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		w := newWorld(t, func(c *registry.Config) {
			c.Secrets = func(context.Context, string) (auth.Secret, error) {
				if gone.Load() {
					return auth.Secret{}, errors.New("no such file")
				}
				return auth.NewSecret([]byte(scene.CHAPSecret)), nil
			}
		})
		p := scene.Portal(w.network, "192.0.2.1:3260", &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Records: scene.Records(scene.Disk1)})
		p = scene.WithCHAP(p, scene.CHAPUser, "")
		p.Login.PasswordRef = "file:secret"
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		watching := watchIn(t, w.Service, everySecond)
		time.Sleep(5 * time.Second)
		watching.want(t, "with its secret", "snapshot 192.0.2.1 true 1")
		gone.Store(true)
		time.Sleep(5 * time.Second)
		watching.want(t, "without", "portal-failed 192.0.2.1")
		gone.Store(false)
		time.Sleep(15 * time.Second)
		watching.want(t, "with it again", "portal-recovered 192.0.2.1")
		gone.Store(true)
		time.Sleep(5 * time.Second)
		watching.end()
		state := watching.states[p.Key()]
		var e *initiator.Error
		if state.Status != watch.Down || state.Last == nil || !errors.As(state.Last.Err, &e) || e.Stage != initiator.StageValidate {
			t.Errorf("%+v", state)
		}
	})
}
