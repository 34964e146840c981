package registry_test

import (
	"errors"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
)

// TestCHAPPolicyRefused: a policy that is unknown, or would weaken mutual CHAP, is
// refused before anything is sent or stored.
func TestCHAPPolicyRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy login.CHAPPolicy
		login  func(initiator.SendTargetPortal) initiator.SendTargetPortal
		code   uint32
	}{
		{name: "mutual", policy: login.CHAPPreferred, login: scene.Mutual, code: isdsc.Win32InvalidParameter},
		{name: "unknown", policy: 2, login: scene.OneWay, code: isdsc.Win32InvalidParameter},
		{name: "mutual, required", policy: login.CHAPRequired, login: scene.Mutual},
		{name: "one-way", policy: login.CHAPPreferred, login: scene.OneWay},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := tt.login(scene.At(w.network.Portal("192.0.2.10:3260", scene.CHAPTarget(""))))
			p.Login.CHAPPolicy = tt.policy
			r, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, tt.code)
			var config *isdsc.Error
			if refused := tt.code != 0; r.Stored == refused || (len(w.network.Dials()) > 0) == refused || errors.As(err, &config) != refused {
				t.Errorf("stored %t, dials %v, error %v", r.Stored, w.network.Dials(), err)
			}
		})
	}
}
