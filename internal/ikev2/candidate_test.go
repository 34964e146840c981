package ikev2

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// An impostor is a responder on the path that has not the key, and answers before the peer.
type impostor struct {
	*iketest.V2
	silent bool // in IKE_AUTH
}

func newImpostor(t *testing.T, change func(*iketest.V2Config)) *impostor {
	var cfg iketest.V2Config
	newWire(t, func(_ *ike.Config, v *iketest.V2Config) {
		v.PSK = []byte("another")
		if change != nil {
			change(v)
		}
		cfg = *v
	})
	return &impostor{V2: iketest.NewV2(cfg)}
}

// race has an impostor see what goes to the peer, and answer at once.
func (w *wire) race(i *impostor) func(int, flight) []flight {
	return func(_ int, f flight) []flight {
		list := []flight{f}
		if f.toPeer && (!i.silent || f.d.Data[18] == exchangeInit) {
			for _, d := range i.Receive(w.now, f.d) {
				list = append(list, flight{at: w.now, d: d})
			}
		}
		return list
	}
}

// TestImpostor has an attacker answer IKE_SA_INIT before the peer, with a key of its own, and
// refuse IKE_AUTH under it: the peer's answer is followed as well (RFC 7296, section 2.4).
func TestImpostor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*iketest.V2Config)
		silent bool
		lost   bool // the peer's first answer
	}{
		{name: "AUTHENTICATION_FAILED"},
		{name: "NO_PROPOSAL_CHOSEN", change: func(v *iketest.V2Config) { v.Refuse = map[uint8]int{35: 14} }},
		{name: "TS_UNACCEPTABLE", change: func(v *iketest.V2Config) { v.Refuse = map[uint8]int{35: 38} }},
		{name: "a wrong AUTH", change: func(v *iketest.V2Config) {
			v.PSK = []byte(testKey)
			v.Answer = change(35, body(payloadAuth, flip))
		}},
		{name: "a critical payload", change: func(v *iketest.V2Config) {
			v.Answer = change(35, func(l []ike.Payload) []ike.Payload { return append(l, ike.Payload{Type: 200, Critical: true}) })
		}},
		{name: "nothing", silent: true},
		{name: "nothing, and the peer's answer is lost", silent: true, lost: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, nil)
			i := newImpostor(t, tt.change)
			i.silent = tt.silent
			race, lost := w.race(i), tt.lost
			w.carry = func(n int, f flight) []flight {
				if lost && !f.toPeer {
					lost = false
					return nil
				}
				return race(n, f)
			}
			w.open(1, childOf(t, false, "aes256gcm16"))
			w.run(9 * time.Second)
			if up := w.wantUp(1, 1); up.Wide || len(w.machine.others) != 0 || w.machine.start != nil {
				t.Errorf("got %+v, %d other associations; want the exact selectors and none", up, len(w.machine.others))
			}
			w.carry = nil
			w.close()
		})
	}
}

// TestManyImpostors has an attacker answer IKE_SA_INIT a hundred times: no more than 16
// answers cost an exponentiation, and it ends all the same.
func TestManyImpostors(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	auths := 0
	w.carry = func(_ int, f flight) (list []flight) {
		switch {
		case f.d.Data[18] != exchangeInit:
			auths++
		case f.toPeer:
			for range 100 {
				for _, d := range newImpostor(t, nil).Receive(w.now, f.d) {
					list = append(list, flight{at: w.now, d: d})
				}
			}
		}
		return list
	}
	w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
	w.run(50 * time.Millisecond)
	if auths != maxCandidates || w.machine.start.answers != maxCandidates {
		t.Errorf("%d answers were followed, want %d", auths, maxCandidates)
	}
	w.do(w.machine.Close(w.now))
}

// TestSameKeys has an attacker change what no keys follow from in the peer's answer to
// IKE_SA_INIT. One candidate has both answers: two would use one initialization vector of
// AES-GCM twice under one key.
func TestSameKeys(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	w.carry = func(_ int, f flight) []flight {
		if f.toPeer || f.d.Data[18] != exchangeInit {
			return []flight{f}
		}
		a := f
		a.d.Data = flip(append([]byte(nil), f.d.Data...)) // the hash of an address
		return []flight{a, f}
	}
	w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
	for w.machine.security == nil || len(w.machine.security.init.answers) < 2 {
		w.run(latency)
		if w.machine.established || len(w.machine.others) > 0 || w.now.After(start.Add(time.Second)) {
			t.Fatal("the second answer is not one of the first candidate")
		}
	}
	w.run(time.Second)
	w.wantUp(1, 1)
	w.close()
}
