package ikev1

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// without returns what takes the payloads of a type out of a message.
func without(step iketest.Step, kind uint8) func(iketest.Step, []ike.Payload) []ike.Payload {
	return func(s iketest.Step, list []ike.Payload) (kept []ike.Payload) {
		for _, p := range list {
			if s != step || p.Type != kind {
				kept = append(kept, p)
			}
		}
		return kept
	}
}

// A causeTest is a peer that makes a negotiation fail, and what is told.
type causeTest struct {
	name       string
	aggressive bool
	change     func(*ike.Config, *iketest.V1Config, *ike.Child)
	want       ike.Failure // without Detail
	within     time.Duration
}

// How soon a failure is told: at once where the peer proved it.
const soon, atOnce = grace + 100*time.Millisecond, 100 * time.Millisecond

// phase1Causes are those of main and aggressive mode.
func phase1Causes(t *testing.T) []causeTest {
	return []causeTest{
		{"no proposal for IKE", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.Suites = []ike.Suite{suite(t, "aes256-sha512-ecp521")}
		},
			ike.Failure{Cause: ike.NoIKEProposal, Step: mainMessage2, Notify: 14}, soon},
		{"no proposal for IKE, aggressive", true, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.Suites = []ike.Suite{suite(t, "aes256-sha512-ecp521")}
		},
			ike.Failure{Cause: ike.NoIKEProposal, Step: aggressiveMessage2, Notify: 14}, soon},
		{"another key", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) { p.PSK = "other" },
			ike.Failure{Cause: ike.OtherKeySeems, Step: mainMessage6}, soon},
		{"another key, aggressive", true, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) { p.PSK = "other" },
			ike.Failure{Cause: ike.OtherKey, Step: aggressiveMessage2}, soon},
		{"another identity", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) { p.ID = ike.ParseIdentity("array.example") },
			ike.Failure{Cause: ike.OtherIdentity, Step: mainMessage6, Authenticated: true, Got: ike.ParseIdentity("array.example")}, atOnce},
		{"another identity, aggressive", true, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) { p.ID = ike.ParseIdentity("array.example") },
			ike.Failure{Cause: ike.OtherIdentity, Step: aggressiveMessage2, Authenticated: true, Got: ike.ParseIdentity("array.example")}, atOnce},
		{"no aggressive mode", true, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) { p.Refuse = true },
			ike.Failure{Cause: ike.AggressiveMode, Step: aggressiveMessage2, Notify: 24}, soon},
		{"no vendor ID of NAT traversal", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.Change = without(iketest.Main2, iketest.V1Vendor)
		},
			ike.Failure{Cause: ike.NoNATT, Step: mainMessage2}, soon},
		{"no hashes of addresses", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.Change = without(iketest.Main4, iketest.V1NATD)
		},
			ike.Failure{Cause: ike.NoNATT, Step: mainMessage4}, soon},
		{"no NAT traversal, aggressive", true, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.Change = without(iketest.Aggressive2, iketest.V1NATD)
		},
			ike.Failure{Cause: ike.NoNATT, Step: aggressiveMessage2}, soon},
		{"malformed", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.Change = without(iketest.Main4, iketest.V1Nonce)
		},
			ike.Failure{Cause: ike.Malformed, Step: mainMessage4}, soon},
		{"the proof of the key is wrong", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.Change = func(step iketest.Step, list []ike.Payload) []ike.Payload {
				if step == iketest.Main6 {
					list[1].Body[3] ^= 1
				}
				return list
			}
		}, ike.Failure{Cause: ike.OtherKey, Step: mainMessage6}, soon},
	}
}

// quickCauses are those of Quick Mode.
func quickCauses(t *testing.T) []causeTest {
	return []causeTest{
		{"no proposal for ESP", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.ESP = []ike.ESPSuite{espSuite(t, "3des-sha1")}
		},
			ike.Failure{Cause: ike.NoESPProposal, Step: quickMessage2, Notify: 14, Authenticated: true}, atOnce},
		{"all selectors refused", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) { p.Widest = 3 },
			ike.Failure{Cause: ike.Selectors, Step: quickMessage2, Notify: 18, Authenticated: true}, atOnce},
		{"another mode", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) { p.Mode = 3 },
			ike.Failure{Cause: ike.Selectors, Step: quickMessage2, Notify: 18, Authenticated: true}, atOnce},
		{"malformed, in Quick Mode", false, func(_ *ike.Config, p *iketest.V1Config, _ *ike.Child) {
			p.Change = without(iketest.Quick2, iketest.V1Nonce)
		},
			ike.Failure{Cause: ike.Malformed, Step: quickMessage2, Authenticated: true}, atOnce},
		{"forward secrecy is left out", false, func(_ *ike.Config, p *iketest.V1Config, c *ike.Child) {
			c.Suites = []ike.ESPSuite{espSuite(t, "aes256gcm16-ecp256")}
			p.Change = without(iketest.Quick2, iketest.V1KE)
		}, ike.Failure{Cause: ike.Malformed, Step: quickMessage2, Authenticated: true}, atOnce},
	}
}

func TestCauses(t *testing.T) {
	t.Parallel()
	for _, tt := range append(phase1Causes(t), quickCauses(t)...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, peer, child := fast(t, tt.aggressive), peerConfig(), want(t)
			tt.change(&cfg, &peer, &child)
			n := newNet(t, cfg, peer)
			n.open(1, child)
			if !n.run(tt.within, func() bool { return n.ended() != nil }) {
				t.Fatalf("no end after %v; reason %v", tt.within, n.m.Reason(1))
			}
			var got *ike.Failure
			if !errors.As(n.ended(), &got) {
				t.Fatalf("got %v, want a failure", n.ended())
			}
			same := *got
			same.Detail, same.Got = "", ike.Identity{}
			want := tt.want
			want.Got = ike.Identity{}
			if fmt.Sprint(&same) != fmt.Sprint(&want) || !got.Got.Equal(tt.want.Got) || got.Detail == "" {
				t.Errorf("got %v with identity %v, want %v with %v", got, got.Got, &tt.want, tt.want.Got)
			}
			if len(n.ups(1)) > 0 {
				t.Error("the child was up")
			}
			n.run(2*travel, nil)
			if got.Step == quickMessage2 && got.Cause == ike.Malformed && len(n.peer.Deleted) != 1 {
				t.Errorf("got %d Deletes of what was negotiated, want 1", len(n.peer.Deleted))
			}
			n.do(n.m.Close(n.now))
			n.run(2*travel, nil)
			if (n.peer.Established() != 0 && got.Cause != ike.OtherKey) || len(n.peer.Children()) != 0 {
				t.Errorf("after Close the peer has %d IKE security associations and %d children", n.peer.Established(), len(n.peer.Children()))
			}
		})
	}
}

// TestClearNotifies has an error notify in clear text come before each answer of the peer,
// which anyone on the path can send. It does no harm where the answer comes; where it does
// not come, it is the reason, a second later.
func TestClearNotifies(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		for i := range ex.ofThePeers {
			for kind := uint16(1); kind <= 30; kind++ {
				for _, answered := range []bool{true, false} {
					n := newNet(t, fast(t, ex.aggressive), peerConfig())
					n.in = nth(i, func(d ike.Datagram) []ike.Datagram {
						if answered {
							return []ike.Datagram{n.peer.Clear(kind), d, n.peer.Clear(kind)}
						}
						n.in = lost
						return []ike.Datagram{n.peer.Clear(kind)}
					})
					name := fmt.Sprintf("%s, datagram %d, notify %d, answered %t", ex.name, i, kind, answered)
					n.open(1, want(t))
					ok := n.run(1200*time.Millisecond, func() bool { return n.ended() != nil || len(n.ups(1)) > 0 })
					switch {
					case !ok:
						t.Errorf("%s: no end, and not up", name)
					case answered && n.ended() != nil:
						t.Errorf("%s: got %v, want up", name, n.ended())
					case !answered:
						var f *ike.Failure
						if !errors.As(n.ended(), &f) || f.Notify != kind || f.Authenticated {
							t.Errorf("%s: got %v, want the notify", name, n.ended())
						}
					}
				}
			}
		}
	}
}

func TestSpeaksIKEv2(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer func(d ike.Datagram) []byte
	}{
		{"the probe is answered", func(d ike.Datagram) []byte {
			if d.Data[17] != ike.Version2 || d.Port != ike.Port {
				return nil
			}
			return append(append([]byte(nil), d.Data[:19]...), 0x20, 0, 0, 0, 0, 0, 0, 0, 28)
		}},
		{"INVALID-MAJOR-VERSION", func(d ike.Datagram) []byte {
			h := ike.Header{Version: ike.Version1, Exchange: exchangeInformational, MessageID: 7}
			copy(h.Initiator[:], d.Data)
			return appendClear(h, ike.Payload{Type: payloadNotify, Body: notify{protocol: 1, kind: 5}.body()})
		}},
		{"message 1 is answered in version 2", func(d ike.Datagram) []byte {
			return append(append([]byte(nil), d.Data[:16]...), 0, 0x20, 34, 0x20, 0, 0, 0, 0, 0, 0, 0, 28)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := newNet(t, fast(t, false), peerConfig())
			n.out = func(d ike.Datagram) []ike.Datagram {
				if b := tt.answer(d); b != nil {
					n.flying = append(n.flying, flight{n.now.Add(2 * travel), false, ike.Datagram{Port: d.Port, Data: b}})
				}
				return nil
			}
			n.open(1, want(t))
			n.run(3*time.Second, func() bool { return n.ended() != nil })
			var f *ike.Failure
			if !errors.As(n.ended(), &f) || f.Cause != ike.SpeaksIKEv2 || f.Authenticated {
				t.Errorf("got %v, want that the peer speaks IKEv2", n.ended())
			}
		})
	}
}

// TestStopped has the peer fall silent after each of its answers.
func TestStopped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		aggressive bool
		after      int
		want       ike.Failure
	}{
		{false, 0, ike.Failure{Cause: ike.Silent, Step: mainMessage2}},
		{false, 1, ike.Failure{Cause: ike.Stopped, Step: mainMessage4}},
		{false, 2, ike.Failure{Cause: ike.Stopped, Step: mainMessage6}},
		{false, 3, ike.Failure{Cause: ike.Stopped, Step: quickMessage2, Authenticated: true}},
		{true, 0, ike.Failure{Cause: ike.Silent, Step: aggressiveMessage2}},
		{true, 1, ike.Failure{Cause: ike.Stopped, Step: quickMessage2, Authenticated: true}},
	}
	for _, tt := range tests {
		n := newNet(t, fast(t, tt.aggressive), peerConfig())
		count := 0
		n.in = func(d ike.Datagram) []ike.Datagram {
			if count++; count > tt.after {
				return nil
			}
			return []ike.Datagram{d}
		}
		n.open(1, want(t))
		n.run(20*time.Second, nil)
		got := n.m.Reason(1)
		if got.Cause != tt.want.Cause || got.Step != tt.want.Step || got.Authenticated != tt.want.Authenticated || n.ended() != nil {
			t.Errorf("aggressive %t, after %d answers: got %v and end %v, want %v", tt.aggressive, tt.after, got, n.ended(), &tt.want)
		}
	}
}
