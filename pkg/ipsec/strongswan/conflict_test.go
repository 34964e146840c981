package strongswan

import (
	"errors"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// TestConflict: where the host's own connection has the same ends, ours is
// refused, and charon is given nothing.
func TestConflict(t *testing.T) {
	t.Parallel()
	psk := func(name, id string) vici.Element {
		return vici.Sub(name, vici.Text("class", "pre-shared key"), vici.Text("id", id))
	}
	for _, tt := range []struct {
		name string
		conn vici.Section
		want bool
	}{
		{name: "the same", want: true, conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.10")}},
		{name: "any local address", want: true, conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "192.0.2.0/24"), psk("local-1", "%any"), psk("remote-1", "%any")}},
		{name: "no local address", want: true, conn: vici.Section{vici.List("remote_addrs", "192.0.2.1-192.0.2.20"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "identities", want: true, conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "gw.example.com"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.10")}},
		{name: "another peer", conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "192.0.2.11"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.11")}},
		{name: "another local address", conn: vici.Section{vici.List("local_addrs", "192.0.2.2"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", "192.0.2.2"), psk("remote-1", "192.0.2.10")}},
		{name: "for whomever", conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "%any", "0.0.0.0/0"), psk("local-1", "vpn"), psk("remote-1", "%any")}},
		{name: "certificates", conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "192.0.2.10"), vici.Sub("local-1", vici.Text("class", "public key")), vici.Sub("remote-1", vici.Text("class", "public key"))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, func(c *charon) { c.foreign = vici.Section{vici.Sub("backup", tt.conn...)} })
			e, _ := newEnforcer(t, c)
			d, err := e.Dialer(t.Context(), secured(t, 0))
			if err == nil {
				d.Close()
			}
			var conflict *ConflictError
			if got := errors.As(err, &conflict); got != tt.want || err != nil && !got {
				t.Fatalf("got %v, want a conflict: %v", err, tt.want)
			}
			if tt.want {
				wantCode(t, err, initiator.CodeFailedToConfigureIPsec)
				if c.took("load-shared")+c.took("load-conn") > 0 {
					t.Error("charon was given something")
				}
			}
		})
	}
}
