package initiator_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestAuthOutcome: a result says what authentication happened at the address that
// it is about, and whether it came to its end.
func TestAuthOutcome(t *testing.T) {
	t.Parallel()
	chap := func(p initiator.SendTargetPortal) initiator.SendTargetPortal {
		return scene.WithCHAP(p, scene.CHAPUser, scene.CHAPSecret)
	}
	mutual := func(p initiator.SendTargetPortal) initiator.SendTargetPortal {
		return scene.WithMutualCHAP(chap(p), scene.TargetUser, scene.TargetSecret)
	}
	none := func(p initiator.SendTargetPortal) initiator.SendTargetPortal { return p }
	wants := &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, MutualUser: scene.TargetUser, MutualSecret: scene.TargetSecret, Algorithm: "5"}
	moved := iscsitest.Send(&pdu.LoginResponse{Status: pdu.StatusMovedTemporarily, Data: iscsitest.Text("TargetAddress=192.0.2.2:3260")})
	tests := []struct {
		name  string
		as    func(initiator.SendTargetPortal) initiator.SendTargetPortal
		hosts []iscsitest.Handler // At 192.0.2.1, 192.0.2.2
		want  auth.Outcome
	}{
		{name: "none", as: none, hosts: []iscsitest.Handler{&iscsitest.Target{}}, want: auth.Outcome{Method: "None"}},
		{name: "none, refused", as: none, hosts: []iscsitest.Handler{wants}},
		{name: "CHAP", as: chap, hosts: []iscsitest.Handler{wants}, want: auth.Outcome{Method: "CHAP", Done: true, Algorithm: auth.MD5}},
		{name: "mutual CHAP", as: mutual, hosts: []iscsitest.Handler{wants}, want: auth.Outcome{Method: "CHAP", Done: true, Algorithm: auth.MD5, Mutual: true, TargetUser: scene.TargetUser}},
		{name: "CHAP, refused at once", as: chap, hosts: []iscsitest.Handler{&iscsitest.Target{Status: 0x0201}}},
		{name: "CHAP, response refused", as: chap, hosts: []iscsitest.Handler{&iscsitest.Target{User: scene.CHAPUser, Secret: "another-secret-12", Algorithm: "5"}}, want: auth.Outcome{Method: "CHAP", Algorithm: auth.MD5}},
		{name: "mutual CHAP, wrong proof", as: mutual, hosts: []iscsitest.Handler{&iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, MutualUser: scene.TargetUser, MutualSecret: "another-secret-12", Algorithm: "5"}}, want: auth.Outcome{Method: "CHAP", Algorithm: auth.MD5, TargetUser: scene.TargetUser}},
		{name: "CHAP, then the list fails", as: chap, hosts: []iscsitest.Handler{instead(&iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Algorithm: "5"}, 4, iscsitest.Close())}, want: auth.Outcome{Method: "CHAP", Done: true, Algorithm: auth.MD5}},
		{name: "CHAP, sent on late to another host", as: chap, hosts: []iscsitest.Handler{
			instead(&iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Algorithm: "5"}, 3, moved), &iscsitest.Target{},
		}, want: auth.Outcome{Method: "None"}},
		{name: "CHAP, sent on late to nobody", as: chap, hosts: []iscsitest.Handler{
			instead(&iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Algorithm: "5"}, 3, moved),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				for i, h := range tt.hosts {
					n.Portal(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 3260).String(), h)
				}
				r, err := d.Discover(t.Context(), tt.as(scene.At(netip.MustParseAddrPort(scene.Where))))
				if r.Auth != tt.want {
					t.Errorf("got %+v, want %+v; error %v", r.Auth, tt.want, err)
				}
			})
		})
	}
}
