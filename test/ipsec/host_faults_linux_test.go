package ipsec_test

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// testWrongKey (issue 13, 29): a peer with another key, in both exchanges, is told
// by what nothing else gives.
func (h *hostCharon) testWrongKey(t *testing.T) {
	for flags, reason := range map[ipsec.Flags]string{
		mainTransport: "the peer seems to have a different preshared key: set the same key at both ends",
		aggrTransport: "the peer has a different preshared key: set the same key at both ends",
	} {
		t.Run(flags.String(), func(t *testing.T) {
			w := newWorld(t, false)
			peerOf(t, w, flags, "another", nil, allowAggressive)
			if r := h.fails(t, w, flags, reason); !r.WrongKey || r.OtherID != "" {
				t.Errorf("got %+v, want a KeyError", r)
			}
			h.wantClean(t)
		})
	}
}

// testWrongIdentity (issue 13, 29): a peer with another identity, and the right
// key.
func (h *hostCharon) testWrongIdentity(t *testing.T) {
	const other = "another.example"
	for _, flags := range []ipsec.Flags{mainTransport, aggrTransport} {
		t.Run(flags.String(), func(t *testing.T) {
			w := newWorld(t, false)
			peerOf(t, w, flags, hostKey, func(text string) string {
				return strings.Replace(text, "local { auth = psk\n", "local { auth = psk\nid = "+other+"\n", 1)
			}, allowAggressive)
			reason := `the peer identifies itself as "another.example", but its identity should be "` + w.portal.Addr().String() + `"`
			if r := h.fails(t, w, flags, reason); r.WrongKey || r.OtherID != other {
				t.Errorf("got %+v, want an IdentityError", r)
			}
			h.wantClean(t)
		})
	}
}

// testPhases (issue 13, 28): in aggressive mode the first message of the second
// phase does not come to the peer together with the last one of the first, where
// it would be dropped, and sent again after four seconds.
func (h *hostCharon) testPhases(t *testing.T) {
	const runs = 20
	w := newWorld(t, false)
	peer := peerOf(t, w, aggrTransport, hostKey, nil, allowAggressive)
	before := len(h.log(t))
	j := h.job(w, aggrTransport)
	for range runs {
		j.run(t.Context())
	}
	log := h.log(t)[before:]
	if got := strings.Count(log, "generating QUICK_MODE request"); got < runs {
		t.Errorf("the second phase was begun %d times, want %d", got, runs)
	}
	if got := strings.Count(log, "sending retransmit"); got > 0 {
		t.Errorf("%d messages were sent again in %d negotiations, want none; the peer: %s", got, runs, peer.log(t))
	}
	told := false // to begin the second phase, since the end of the first
	for line := range strings.Lines(log) {
		switch {
		case strings.Contains(line, "generating AGGRESSIVE request 0 [ HASH"):
			told = false
		case strings.Contains(line, "vici initiate CHILD_SA"):
			told = true
		case strings.Contains(line, "generating QUICK_MODE request") && !told:
			t.Fatalf("the second phase was begun right behind the first: %s", log)
		}
	}
	h.wantClean(t)
}
