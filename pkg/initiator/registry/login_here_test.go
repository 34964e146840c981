package registry_test

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

// What a portal was added with holds at each refresh of it: our name there, and
// where a login may be sent on to.
func TestOptionsOutliveTheRun(t *testing.T) {
	t.Parallel()
	const ownName = "iqn.2026-11.com.example:own"
	w := newWorld(t)
	portal := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records("disk")}, &iscsitest.Target{Redirect: "192.0.2.11:3260"})
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}}
	p.Login.InitiatorName, p.Login.Redirect = ownName, login.RedirectNone
	if _, err := w.AddSendTargetPortal(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	r, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
	if scene.WantCode(t, err, isdsc.TargetMovedTemporarily); r.InitiatorName != ownName {
		t.Errorf("got name %q, want %q", r.InitiatorName, ownName)
	}
	for i, s := range w.network.Sessions(portal) {
		if name, _ := s.Key(pdu.KeyInitiatorName); name != ownName {
			t.Errorf("session %d: got name %q, want %q", i, name, ownName)
		}
	}
}

// Our name is that of the portal, of the instance, or of all, in this order, and
// it is the CHAP name where no other is given.
func TestNameOfLogin(t *testing.T) {
	t.Parallel()
	const (
		ofPortal   = "iqn.2026-11.com.example:portal"
		ofInstance = "iqn.2026-11.com.example:instance"
	)
	for _, tt := range []struct {
		name             string
		portal, instance string // names
		want             string
	}{
		{"all", "", "", scene.InitiatorName},
		{"instance", "", ofInstance, ofInstance},
		{"portal", ofPortal, "", ofPortal},
		{"both", ofPortal, ofInstance, ofPortal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := iscsitest.NewNetwork(t)
			portal := n.Portal("192.0.2.10:3260", &iscsitest.Target{User: tt.want, Secret: "secret-secret12"})
			d := &initiator.Discoverer{
				InitiatorName: scene.InitiatorName,
				Dial:          n.Dial,
				Selector: &ports.Selector{Instances: []string{"san"}, Ports: []ports.Port{
					{Instance: "san", Number: ports.N(0), Address: netip.MustParseAddr("192.0.2.2"), NodeName: tt.instance},
				}},
			}
			p := initiator.SendTargetPortal{Instance: "san", Port: ports.N(0), Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}}
			p.Login = login.Options{
				Specified:     login.SpecifiedAuthType | login.SpecifiedPassword,
				AuthType:      login.CHAP,
				Password:      auth.NewSecret([]byte("secret-secret12")),
				InitiatorName: tt.portal,
			}
			r, err := d.Discover(t.Context(), p)
			if err != nil || r.InitiatorName != tt.want {
				t.Errorf("got name %q and %v, want %q", r.InitiatorName, err, tt.want)
			}
			if name, _ := n.Sessions(portal)[0].Key(pdu.KeyInitiatorName); name != tt.want {
				t.Errorf("the target saw %q, want %q", name, tt.want)
			}
		})
	}
}

// A harmful name is refused before anything is sent.
func TestNameOfPortalIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}}
	p.Login.InitiatorName = "host/1"
	r, err := w.AddSendTargetPortal(t.Context(), p)
	if scene.WantCode(t, err, isdsc.InvalidISCSIName); r.Stored || len(w.portals()) != 0 {
		t.Errorf("it was stored: %+v", r)
	}
}
