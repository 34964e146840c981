package strongswan

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// TestDoubt (issue 13, 34): a message that cannot be decrypted and one that had to
// be sent again do not end a negotiation: an attacker on the path can cause both.
// It goes on for a while, and to its end where the peer answers after all.
func TestDoubt(t *testing.T) {
	t.Parallel()
	const (
		garbled     = "could not decrypt payloads"
		resent      = "sending retransmit 1 of request message ID 0, seq 3"
		established = "IKE_SA x[1] established between 192.0.2.1[192.0.2.1]...192.0.2.10[192.0.2.10]"
	)
	for _, tt := range []struct {
		name  string
		lines []string
		later string // is said within the grace
		ends  bool
	}{
		{name: "garbled", lines: []string{garbled, garbled, garbled}},
		{name: "resent", lines: []string{resent, resent, resent}},
		{name: "both", lines: []string{garbled, resent}, ends: true},
		{name: "both, the other way round", lines: []string{resent, garbled}, ends: true},
		{name: "both, again and again", lines: []string{garbled, resent, garbled, resent}, ends: true},
		{name: "another line", lines: []string{garbled, resent}, later: "received packet: from 192.0.2.10[500]", ends: true},
		{name: "the peer answers after all", lines: []string{garbled, resent}, later: established},
		{name: "in phase 2", lines: []string{established, garbled, resent}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var ended atomic.Bool
				j := journal{hopeless: func() { ended.Store(true) }}
				note := func(line string) { _ = j.note(vici.Section{vici.Text("group", "IKE"), vici.Text("msg", line)}) }
				for _, line := range tt.lines {
					note(line)
				}
				time.Sleep(grace - 1)
				synctest.Wait()
				if ended.Load() {
					t.Error("it was ended at once")
				}
				if tt.later != "" {
					note(tt.later)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				if got := ended.Load(); got != tt.ends {
					t.Errorf("it was ended: got %v, want %v", got, tt.ends)
				}
				j.close()
			})
		})
	}
}

// TestDoubtIsOver (issue 13, 34): the negotiation is waited for, and good.
func TestDoubtIsOver(t *testing.T) {
	t.Parallel()
	c := newCharon(t, func(c *charon) {
		c.log = []string{"ENC could not decrypt payloads", "IKE sending retransmit 1 of request message ID 0, seq 3", "IKE IKE_SA x[1] established between a and b"}
	})
	e, _ := newEnforcer(t, c)
	d, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	c.wantEmpty()
}
