package strongswan

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// TestExisting: what charon has of others, beside what the kernel says.
func TestExisting(t *testing.T) {
	t.Parallel()
	conn := func(remote string, selectors ...string) vici.Section {
		return vici.Section{
			vici.List("local_addrs", "%any"), vici.List("remote_addrs", remote),
			vici.Sub("children", vici.Sub("c", vici.Text("mode", "TRANSPORT"), vici.List("local-ts", "dynamic"), vici.List("remote-ts", selectors...))),
		}
	}
	association := func(state, local, remote string) vici.Section {
		return vici.Section{
			vici.Text("local-host", "192.0.2.1"), vici.Text("remote-host", "203.0.113.1"),
			vici.Sub("child-sas", vici.Sub("c-1", vici.Text("state", state), vici.List("local-ts", local), vici.List("remote-ts", remote))),
		}
	}
	protection := ipsec.Existing{Kind: ipsec.ExistingProtection, Name: "kernel policy"}
	unknown := ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: "kernel"}
	tests := []struct {
		name   string
		kernel ipsec.Existing
		conn   vici.Section
		sa     vici.Section
		ours   bool // the name is
		change func(*charon)
		want   ipsec.ExistingKind
		text   string
	}{
		{name: "nothing", want: ipsec.ExistingNone},
		{name: "the kernel protects", kernel: protection, conn: conn("192.0.2.10", "dynamic"), want: ipsec.ExistingProtection, text: "kernel policy"},
		{name: "the kernel is unknown", kernel: unknown, conn: conn("192.0.2.10", "dynamic"), want: ipsec.ExistingUnknown},
		{name: "a connection to the portal", conn: conn("192.0.2.10", "dynamic"), want: ipsec.ExistingPartial, text: `strongSwan connection "x"`},
		{name: "by protocol and port", conn: conn("203.0.113.1", "192.0.2.0/24[tcp/3260]"), want: ipsec.ExistingPartial, text: `strongSwan connection "x"`},
		{name: "by protocol", conn: conn("203.0.113.1", "192.0.2.0/24[tcp]"), want: ipsec.ExistingPartial},
		{name: "by a range of addresses and ports", conn: conn("203.0.113.1", "192.0.2.9..192.0.2.11[6/3000-4000]"), want: ipsec.ExistingPartial},
		{name: "by a range of other ports", conn: conn("203.0.113.1", "192.0.2.0/24[tcp/4000-5000]"), want: ipsec.ExistingNone},
		{name: "by the name of the port", conn: conn("203.0.113.1", "192.0.2.0/24[tcp/iscsi-target]"), want: ipsec.ExistingPartial},
		{name: "by a name that nobody knows", conn: conn("203.0.113.1", "192.0.2.0/24[tcp/no-such-service]"), want: ipsec.ExistingPartial},
		{name: "by the name of another port", conn: conn("203.0.113.1", "192.0.2.0/24[tcp/http]"), want: ipsec.ExistingNone},
		{name: "another protocol", conn: conn("192.0.2.10", "dynamic[udp]"), want: ipsec.ExistingNone},
		{name: "another portal", conn: conn("192.0.2.11", "dynamic"), want: ipsec.ExistingNone},
		{name: "for whomever", conn: conn("%any", "dynamic", "0.0.0.0/0"), want: ipsec.ExistingNone},
		{name: "an association", sa: association("INSTALLED", "192.0.2.1/32", "192.0.2.0/24"), want: ipsec.ExistingPartial, text: `strongSwan association "x"`},
		{name: "an association that is none yet", sa: association("ROUTED", "192.0.2.1/32", "192.0.2.0/24"), want: ipsec.ExistingNone},
		{name: "an association of another address", sa: association("INSTALLED", "192.0.2.2/32", "192.0.2.0/24"), want: ipsec.ExistingNone},
		{name: "a connection of ours", ours: true, conn: conn("192.0.2.10", "dynamic"), want: ipsec.ExistingNone},
		{name: "an association of ours", ours: true, sa: association("INSTALLED", "192.0.2.1/32", "192.0.2.0/24"), want: ipsec.ExistingNone},
		// Issue 13, 46.
		{name: "a name of the portal's", conn: conn("array.example.com", "dynamic[tcp/3260]"), want: ipsec.ExistingPartial, text: `strongSwan connection "x"`},
		{name: "a name of another's", conn: conn("other.example.com", "dynamic"), want: ipsec.ExistingNone},
		{name: "a name that cannot be looked up", conn: conn("gone.example.com", "dynamic"), want: ipsec.ExistingUnknown, text: `strongSwan connection "x" is for the name "gone.example.com"`},
		{name: "a name that cannot be looked up, for another port", conn: conn("gone.example.com", "dynamic[tcp/80]"), want: ipsec.ExistingNone},
		{name: "a name that cannot be looked up, for others behind it", conn: conn("gone.example.com", "198.51.100.0/24"), want: ipsec.ExistingNone},
		{name: "a name that cannot be looked up, for the portal behind it", conn: conn("gone.example.com", "192.0.2.0/24"), want: ipsec.ExistingPartial},
		{name: "charon goes", change: func(c *charon) { c.drop = map[string]bool{"list-sas": true} }, want: ipsec.ExistingUnknown, text: "charon on "},
		{name: "charon refuses", change: func(c *charon) { c.refuse = map[string]string{"list-conns": "no"} }, want: ipsec.ExistingUnknown, text: "list-conns: no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name := "x"
			if tt.ours {
				name = ownerNow().name(1)
			}
			c := newCharon(t, func(c *charon) {
				if tt.conn != nil {
					c.foreign = vici.Section{vici.Sub(name, tt.conn...)}
				}
				if tt.sa != nil {
					c.extra = vici.Section{vici.Sub(name, tt.sa...)}
				}
				if tt.change != nil {
					tt.change(c)
				}
			})
			e, _ := newEnforcer(t, c)
			e.names.lookup = lookupExample
			e.policies = func(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error) { return tt.kernel, nil }
			got, err := e.Existing(t.Context(), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddrPort("192.0.2.10:3260"))
			if err != nil {
				t.Fatal(err)
			}
			if got.Kind != tt.want || !strings.Contains(got.Name, tt.text) {
				t.Errorf("got %s %q, want %s %q", got.Kind, got.Name, tt.want, tt.text)
			}
		})
	}
}
