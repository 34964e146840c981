package strongswan

import (
	"cmp"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

var _ enforce.Announcer = (*Enforcer)(nil)

// TestAnnounce: what would make a connection, and why nothing could. Charon is given
// nothing.
func TestAnnounce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*enforce.Request)
		charon func(*charon)
		absent bool
		want   string
		err    string // type of the error; empty: none
	}{
		{name: "charon", want: Name},
		{name: "in place", absent: true, change: func(s *enforce.Request) {
			s.Plan.Existing = ipsec.Existing{Kind: ipsec.ExistingProtection}
		}, want: "xfrm"},
		{name: "no charon", absent: true, err: noEnforcer},
		{name: "no key", change: func(s *enforce.Request) { s.PSK = enforce.PSK{} }, err: noKey},
		{name: "a connection of the host", charon: func(c *charon) {
			keys := vici.Sub("local-1", vici.Text("class", "pre-shared key"))
			c.foreign = vici.Section{vici.Sub("theirs", vici.List("remote_addrs", "192.0.2.10"), keys)}
		}, err: failedToConfigure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, tt.charon)
			e, dials := newEnforcer(t, c)
			if tt.absent {
				e.Socket = filepath.Join(t.TempDir(), "none")
			}
			s := secured(t, ipsec.FlagTransport)
			if tt.change != nil {
				tt.change(&s)
			}
			who, err := e.Announce(t.Context(), s)
			wantType(t, err, cmp.Or(tt.err, none))
			if who != tt.want {
				t.Errorf("got %q, want %q", who, tt.want)
			}
			if got := c.took("load-conn") + c.took("load-shared") + c.took("initiate") + len(dials); got > 0 {
				t.Errorf("charon was given %d commands or a connection was made, want none", got)
			}
		})
	}
}
