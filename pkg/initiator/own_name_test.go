package initiator_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestOwnName: what our own name may be, and that it goes over the wire byte for
// byte, also as CHAP_N.
func TestOwnName(t *testing.T) {
	t.Parallel()
	for _, tt := range scene.OwnNames {
		for _, strict := range []bool{false, true} {
			t.Run(tt.Name+map[bool]string{true: ", strict"}[strict], func(t *testing.T) {
				t.Parallel()
				scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					p := scene.Portal(n, scene.Where, &iscsitest.Target{User: tt.Own, Secret: scene.CHAPSecret})
					p.Login.Specified = login.SpecifiedAuthType | login.SpecifiedPassword
					p.Login.AuthType, p.Login.Password = login.CHAP, auth.NewSecret([]byte(scene.CHAPSecret))
					d.InitiatorName, d.StrictNames = tt.Own, strict
					r, _ := discover(t, d, p)
					if tt.Harmful || tt.Unusual && strict {
						scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageValidate, Code: isdsc.InvalidISCSIName})
						if len(n.Dials()) != 0 || len(r.Warnings) != 0 {
							t.Errorf("dials %v, warnings %v", n.Dials(), r.Warnings)
						}
						return
					}
					scene.Judge(t, r.Err, scene.Outcome{})
					if sent, _ := n.Sessions(netip.MustParseAddrPort(scene.Where))[0].Key(pdu.KeyInitiatorName); sent != tt.Own || r.InitiatorName != tt.Own {
						t.Errorf("sent %q, said %q, want %q", sent, r.InitiatorName, tt.Own)
					}
					if got := scene.Warned(r, initiator.WarnInitiatorName); got != map[bool]int{true: 1}[tt.Unusual] {
						t.Errorf("warnings %v", r.Warnings)
					}
				})
			})
		}
	}
}

// TestOwnNameOfPort: the name of a port is known when the connection is there, and
// is held against the same rules before it is sent.
func TestOwnNameOfPort(t *testing.T) {
	t.Parallel()
	for _, tt := range scene.OwnNames {
		if tt.Own == "" {
			continue // the port has none
		}
		for _, strict := range []bool{false, true} {
			t.Run(tt.Name+map[bool]string{true: ", strict"}[strict], func(t *testing.T) {
				t.Parallel()
				scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					p := scene.Portal(n, scene.Where, &iscsitest.Target{})
					p.Instance, p.Port = "san", ports.N(0)
					d.StrictNames = strict
					d.Selector = &ports.Selector{Instances: []string{"san"}, Ports: []ports.Port{
						{Instance: "san", Number: ports.N(0), Address: netip.MustParseAddr("192.0.2.2"), NodeName: tt.Own},
					}}
					r, _ := discover(t, d, p)
					sessions := n.Sessions(netip.MustParseAddrPort(scene.Where))
					if tt.Harmful || tt.Unusual && strict {
						scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageValidate, Code: isdsc.InvalidISCSIName})
						for _, s := range sessions {
							if len(s.Requests) != 0 {
								t.Errorf("sent %v", s.Requests)
							}
						}
						return
					}
					scene.Judge(t, r.Err, scene.Outcome{})
					if sent, _ := sessions[0].Key(pdu.KeyInitiatorName); sent != tt.Own {
						t.Errorf("sent %q, want %q", sent, tt.Own)
					}
					if got := scene.Warned(r, initiator.WarnInitiatorName); got != map[bool]int{true: 1}[tt.Unusual] {
						t.Errorf("warnings %v", r.Warnings)
					}
				})
			})
		}
	}
}

// TestOwnNameWarnedOnce: once for a portal, however many logins that takes, and
// again for the next portal.
func TestOwnNameWarnedOnce(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.InitiatorName = "host1"
		d.Parallel = 1 // one worker, which keeps what it knows of a name
		first := scene.Portal(n, scene.Where, scene.Sends("192.0.2.10:3260"))
		scene.Portal(n, "192.0.2.10:3260", &iscsitest.Target{})
		all := []initiator.SendTargetPortal{first, scene.Portal(n, "192.0.2.11:3260", &iscsitest.Target{Status: pdu.StatusNotFound})}
		for r := range d.DiscoverAll(t.Context(), func(yield func(initiator.SendTargetPortal) bool) {
			_ = yield(all[0]) && yield(all[1])
		}) {
			if got := scene.Warned(r, initiator.WarnInitiatorName); got != 1 {
				t.Errorf("%s: warnings %v", r.Asked.Portal, r.Warnings)
			}
		}
		if got := len(n.Sessions(netip.MustParseAddrPort("192.0.2.10:3260"))); got != 1 {
			t.Errorf("%d sessions at the second address", got)
		}
	})
}
