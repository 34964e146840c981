package integration

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/targets"
)

// TestWire has Wireshark judge our bytes: nothing malformed, no warning.
func TestWire(t *testing.T) {
	t.Parallel()
	digests := login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
	tests := []struct {
		name   string
		start  func(*testing.T) *targets.Target
		chap   targets.CHAP
		change func(*login.Options)
		sent   int // PDUs of ours
	}{
		{name: "gotgt", sent: 3, start: func(t *testing.T) *targets.Target {
			return targets.StartGotgt(t, targets.GotgtConfig{Targets: targets.Names("gotgt", 5)})
		}},
		{name: "tgt", chap: mutual, sent: 6, start: func(t *testing.T) *targets.Target {
			return &targets.StartTgt(t, targets.TgtConfig{Discovery: mutual}).Target
		}, change: func(o *login.Options) { o.CHAPAlgorithms = []auth.Algorithm{auth.MD5} }},
		{name: "tgt, list in parts", sent: 4, start: func(t *testing.T) *targets.Target {
			return &targets.StartTgt(t, targets.TgtConfig{Targets: targets.Names("a-tgt-with-rather-long-names-so-that-the-list-is-longer-than-what-we-take-at-once-and-comes-in-parts", 1800)}).Target
		}},
		{name: "istgt, digests", sent: 3, start: func(t *testing.T) *targets.Target {
			return targets.StartIstgt(t, targets.IstgtConfig{Targets: targets.Names("istgt", 50)})
		}, change: func(o *login.Options) {
			o.Specified |= digests
			o.HeaderDigest, o.DataDigest = login.DigestCRC32C, login.DigestCRC32C
		}},
		{name: "istgt, CHAP", chap: oneWay, sent: 6, start: func(t *testing.T) *targets.Target {
			return targets.StartIstgt(t, targets.IstgtConfig{Discovery: oneWay})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := tt.start(t)
			portal := g.Portals[0]
			capture := targets.StartCapture(t, targets.CaptureConfig{Port: portal.Port()})
			p := at(portal, tt.chap)
			if tt.change != nil {
				tt.change(&p.Login)
			}
			r := discover(t, p)
			if len(r.Targets) != len(g.Targets) {
				t.Errorf("%d targets, want %d", len(r.Targets), len(g.Targets))
			}
			judgement := capture.Judge()
			for _, problem := range judgement.Problems {
				// What the target sends is its affair: Wireshark 4.0 does not take
				// a text response with F=0 and C=0 for iSCSI.
				if problem.From != portal {
					t.Errorf("Wireshark: %s", problem)
				}
			}
			sent := 0
			for _, p := range judgement.PDUs {
				if p.To == portal {
					sent++
					if !p.Immediate {
						t.Errorf("frame %d: %s is not immediate", p.Frame, p.Name)
					}
				}
			}
			if sent != tt.sent {
				t.Errorf("we sent %d PDUs, want %d", sent, tt.sent)
			}
		})
	}
}
