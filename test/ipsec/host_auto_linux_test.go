package ipsec_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
)

// testAuto: where charon has agreed on keys that the kernel cannot use, the same call
// connects by the enforcer within the process. Nothing stays in charon, and the peer has
// what the second negotiation made alone. A negotiation that fails is not made again.
func (h *hostCharon) testAuto(t *testing.T) {
	if hasESP(t) {
		t.Skip("the kernel has ESP, so charon makes the connection")
	}
	for _, tt := range []struct {
		name  string
		ike   ipsec.IKEVersion
		flags ipsec.Flags
	}{
		{"main", ipsec.IKEv1, ipsec.FlagMain},
		{"aggressive, PFS", ipsec.IKEv1, ipsec.FlagAggressive | ipsec.FlagPFS},
		{"version 2", ipsec.IKEv2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newLibipsecWorld(t, false)
			j := w.job(t, tt.ike, tt.flags)
			j.Enforcer, j.Charon = job.Auto, h.socket
			tap := w.tap(t)
			r := j.Run(t.Context())
			traffic := tap.stop(t)
			if p := r.Proof; r.Error != "" || len(r.Targets) != 1 || p == nil || p.Enforcer != job.Userspace {
				t.Errorf("got %q (%s), targets %v and proof %+v, want one of userspace", r.Error, r.Code, r.Targets, p)
			}
			// The peer's answer to a Delete of version 2 comes when the socket is gone, and
			// the kernel answers that the port is closed.
			traffic.Clear = slices.DeleteFunc(traffic.Clear, func(p string) bool { return strings.Contains(p, "ICMPv4") })
			if len(traffic.Clear) > 0 || traffic.IKE == 0 || traffic.ESPInUDP == 0 || traffic.ESP > 0 {
				t.Errorf("on the wire: %+v, want IKE and ESP in UDP alone", *traffic)
			}
			h.wantClean(t)
		})
	}
	t.Run("another key", func(t *testing.T) {
		w := newLibipsecWorld(t, false)
		j := w.job(t, ipsec.IKEv1, ipsec.FlagMain)
		j.Enforcer, j.Charon, j.Key = job.Auto, h.socket, "another key"
		r := j.Run(t.Context())
		if r.Code != job.CodeFailed || !r.WrongKey || len(r.Targets) > 0 {
			t.Errorf("got %q (%s), want that the key is another", r.Error, r.Code)
		}
		h.wantClean(t)
	})
}
