package initiator_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// ownNames are names of ours, and what becomes of them.
var ownNames = []struct {
	name, own string
	unusual   bool // sent with a warning, and refused where names are strict
	harmful   bool // refused in any case
}{
	{name: "plain", own: "iqn.2026-11.com.example:host1"},
	{name: "upper case", own: "iqn.1998-01.com.vmware:ESX01-ABC"},
	{name: "all in upper case", own: "IQN.1998-01.COM.VMWARE:ESX01"},
	{name: "eui", own: "eui.0123456789ABCDEF"},
	{name: "Unicode", own: "iqn.2026-11.com.example:Höst"},
	{name: "Talos", own: "iqn.2017.11.dev.talos:4b1f2a", unusual: true},
	{name: "no date", own: "iqn.com.example", unusual: true},
	{name: "no prefix", own: "host1", unusual: true},
	{name: "one character", own: "x", unusual: true},
	{name: "begins with a digit", own: "1.example", unusual: true},
	{name: "eui of 12 digits", own: "eui.0123456789ab", unusual: true},
	{name: "unusual and as long as may be", own: strings.Repeat("h", 223), unusual: true},
	{name: "nothing", own: "", harmful: true},
	{name: "too long", own: "iqn.2026-11.com.example:" + strings.Repeat("h", 200), harmful: true},
	{name: "unusual and too long", own: strings.Repeat("h", 224), harmful: true},
	{name: "a blank", own: "iqn.2026-11.com.example:a b", harmful: true},
	{name: "a slash", own: "a/b", harmful: true},
	{name: "a semicolon", own: "a;b", harmful: true},
	{name: "dots", own: "..", harmful: true},
	{name: "a flag", own: "-x", harmful: true},
	{name: "a NUL", own: "iqn.2026-11.com.example:a\x00SessionType=Normal", harmful: true},
	{name: "a line end", own: "host1\n", harmful: true},
	{name: "not UTF-8", own: "host\xff", harmful: true},
	{name: "turns the direction", own: "host\u202e", harmful: true},
}

// TestOwnName: what our own name may be, and that it goes over the wire byte for
// byte, also as CHAP_N.
func TestOwnName(t *testing.T) {
	t.Parallel()
	for _, tt := range ownNames {
		for _, strict := range []bool{false, true} {
			t.Run(tt.name+map[bool]string{true: ", strict"}[strict], func(t *testing.T) {
				t.Parallel()
				scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					p := portal(n, where, &iscsitest.Target{User: tt.own, Secret: chapSecret})
					p.Login.Specified = initiator.SpecifiedAuthType | initiator.SpecifiedPassword
					p.Login.AuthType, p.Login.Password = initiator.CHAP, auth.NewSecret([]byte(chapSecret))
					d.InitiatorName, d.StrictNames = tt.own, strict
					r, _ := discover(t, d, p)
					if tt.harmful || tt.unusual && strict {
						judge(t, r.Err, outcome{stage: initiator.StageValidate, code: isdsc.InvalidISCSIName})
						if len(n.Dials()) != 0 || len(r.Warnings) != 0 {
							t.Errorf("dials %v, warnings %v", n.Dials(), r.Warnings)
						}
						return
					}
					judge(t, r.Err, outcome{})
					if sent, _ := n.Sessions(netip.MustParseAddrPort(where))[0].Key(pdu.KeyInitiatorName); sent != tt.own || r.InitiatorName != tt.own {
						t.Errorf("sent %q, said %q, want %q", sent, r.InitiatorName, tt.own)
					}
					if got := warned(r, initiator.WarnInitiatorName); got != map[bool]int{true: 1}[tt.unusual] {
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
	for _, tt := range ownNames {
		if tt.own == "" {
			continue // the port has none
		}
		for _, strict := range []bool{false, true} {
			t.Run(tt.name+map[bool]string{true: ", strict"}[strict], func(t *testing.T) {
				t.Parallel()
				scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					p := portal(n, where, &iscsitest.Target{})
					p.Instance, p.Port = "san", ports.N(0)
					d.StrictNames = strict
					d.Ports = &ports.Selector{Instances: []string{"san"}, Ports: []ports.Port{
						{Instance: "san", Number: ports.N(0), Address: netip.MustParseAddr("192.0.2.2"), NodeName: tt.own},
					}}
					r, _ := discover(t, d, p)
					sessions := n.Sessions(netip.MustParseAddrPort(where))
					if tt.harmful || tt.unusual && strict {
						judge(t, r.Err, outcome{stage: initiator.StageValidate, code: isdsc.InvalidISCSIName})
						for _, s := range sessions {
							if len(s.Requests) != 0 {
								t.Errorf("sent %v", s.Requests)
							}
						}
						return
					}
					judge(t, r.Err, outcome{})
					if sent, _ := sessions[0].Key(pdu.KeyInitiatorName); sent != tt.own {
						t.Errorf("sent %q, want %q", sent, tt.own)
					}
					if got := warned(r, initiator.WarnInitiatorName); got != map[bool]int{true: 1}[tt.unusual] {
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
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.InitiatorName = "host1"
		d.Parallel = 1 // one worker, which keeps what it knows of a name
		first := portal(n, where, sends("192.0.2.10:3260"))
		portal(n, "192.0.2.10:3260", &iscsitest.Target{})
		all := []initiator.SendTargetPortal{first, portal(n, "192.0.2.11:3260", &iscsitest.Target{Status: pdu.StatusNotFound})}
		for r := range d.DiscoverAll(t.Context(), func(yield func(initiator.SendTargetPortal) bool) {
			_ = yield(all[0]) && yield(all[1])
		}) {
			if got := warned(r, initiator.WarnInitiatorName); got != 1 {
				t.Errorf("%s: warnings %v", r.Portal.Portal, r.Warnings)
			}
		}
		if got := len(n.Sessions(netip.MustParseAddrPort("192.0.2.10:3260"))); got != 1 {
			t.Errorf("%d sessions at the second address", got)
		}
	})
}

// TestStoredNames: what a Service keeps of names of ours: that of all, of an
// instance, of a portal. They are kept byte for byte.
func TestStoredNames(t *testing.T) {
	t.Parallel()
	for _, tt := range ownNames {
		if tt.own == "" {
			continue // which takes the name away
		}
		for _, strict := range []bool{false, true} {
			t.Run(tt.name+map[bool]string{true: ", strict"}[strict], func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(c *initiator.Config) { c.Discoverer.StrictNames = strict })
				code := isdsc.Success
				if tt.harmful || tt.unusual && strict {
					code = isdsc.InvalidISCSIName
				}
				p := at(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{}))
				p.Login.InitiatorName = tt.own
				_, err := w.AddSendTargetPortal(t.Context(), p)
				wantCode(t, err, code)
				wantCode(t, w.AddInstance(t.Context(), ports.Instance{Name: "san", NodeName: tt.own}), code)
				wantCode(t, w.SetInitiatorNodeName(t.Context(), tt.own), code)
				name, err := w.InitiatorNodeName(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if code != isdsc.Success {
					if got := w.portals(); len(got) != 0 || len(w.instances()) != 1 || name != initiatorName {
						t.Errorf("portals %v, instances %v, name %s", got, w.instances(), name)
					}
					return
				}
				if got := w.portals()[0].Login.InitiatorName; got != tt.own {
					t.Errorf("portal: got %q, want %q", got, tt.own)
				}
				if got := w.instances()[1].NodeName; got != tt.own {
					t.Errorf("instance: got %q, want %q", got, tt.own)
				}
				if name != tt.own {
					t.Errorf("got %q, want %q", name, tt.own)
				}
			})
		}
	}
}
