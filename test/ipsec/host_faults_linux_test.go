package ipsec_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
)

// testWrongKey (issue 13, 29): a peer with another key, in both exchanges, is told
// by what nothing else gives.
func (h *hostCharon) testWrongKey(t *testing.T) {
	for flags, reason := range map[ipsec.Flags]string{
		job.MainTransport: "the peer seems to have a different preshared key: set the same key at both ends",
		job.AggrTransport: "the peer has a different preshared key: set the same key at both ends",
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
	for _, flags := range []ipsec.Flags{job.MainTransport, job.AggrTransport} {
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

// secondAgain is how charon says that it sends the first message of the second phase
// again. Those of the first have no number.
var secondAgain = regexp.MustCompile("sending retransmit 1 of request message ID [1-9]")

// testPhases (issue 13, 28): in aggressive mode the first message of the second
// phase does not come to the peer together with the last one of the first, where
// it would be dropped, and sent again after four seconds.
func (h *hostCharon) testPhases(t *testing.T) {
	const runs = 20
	w := newWorld(t, false)
	peer := peerOf(t, w, job.AggrTransport, hostKey, nil, allowAggressive)
	before := len(h.log(t))
	j := h.job(w, job.AggrTransport)
	for range runs {
		j.Run(t.Context())
	}
	log := h.log(t)[before:]
	if got := strings.Count(log, "generating QUICK_MODE request"); got < runs {
		t.Errorf("the second phase was begun %d times, want %d", got, runs)
	}
	// A peer that a busy machine lets wait may drop one all the same.
	if got := len(secondAgain.FindAllString(log, -1)); got > runs/4 {
		t.Errorf("%d messages of the second phase were sent again in %d negotiations, want none; the peer: %s", got, runs, peer.log(t))
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
