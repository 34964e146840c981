package ikev2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// TestLoss loses, doubles, delays and reorders each datagram of a negotiation with perfect
// forward secrecy.
func TestLoss(t *testing.T) {
	t.Parallel()
	changes := map[string]func(f flight) []flight{
		"lost":    func(flight) []flight { return nil },
		"doubled": func(f flight) []flight { return []flight{f, f} },
		"late":    func(f flight) []flight { f.at = f.at.Add(600 * time.Millisecond); return []flight{f} },
		"twice": func(f flight) []flight {
			again := f
			again.at = f.at.Add(1500 * time.Millisecond)
			return []flight{f, again}
		},
	}
	for name, change := range changes {
		for n := range 8 { // two for each exchange: IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, Delete
			t.Run(fmt.Sprintf("%s %d", name, n), func(t *testing.T) {
				t.Parallel()
				w := newWire(t, pfsOnly(t))
				w.carry = func(i int, f flight) []flight {
					if i == n {
						return change(f)
					}
					return []flight{f}
				}
				w.open(1, childOf(t, false, "aes256gcm16-ecp256"))
				w.run(3 * time.Second)
				w.wantUp(1, 1)
				if len(w.peer.Children()) != 1 {
					t.Errorf("the responder has %d children, want 1", len(w.peer.Children()))
				}
				w.carry = nil
				w.close()
			})
		}
	}
}

func pfsOnly(t *testing.T) func(*ike.Config, *iketest.V2Config) {
	return func(_ *ike.Config, v *iketest.V2Config) { v.ESP = []ike.ESPSuite{espSuite(t, "aes256gcm16-ecp256")} }
}

// TestUpAfterDelete: with perfect forward secrecy ChildUp is told when the peer has answered
// the Delete of the pair of IKE_AUTH. Where the machine ends before, the keys are cleared.
func TestUpAfterDelete(t *testing.T) {
	t.Parallel()
	for _, answered := range []bool{true, false} {
		w := newWire(t, pfsOnly(t))
		asked := false
		w.carry = func(_ int, f flight) []flight {
			h, err := ike.ParseHeader(f.d.Data)
			if err != nil || h.Exchange != exchangeInformational {
				return []flight{f}
			}
			if f.toPeer {
				asked = true
				if len(w.ups(1)) > 0 {
					t.Error("ChildUp was told before the first pair was deleted")
				}
			}
			if !answered {
				return nil
			}
			return []flight{f}
		}
		w.open(1, childOf(t, false, "aes256gcm16-ecp256"))
		w.run(3 * time.Second)
		if got := len(w.ups(1)) > 0; !asked || got != answered {
			t.Errorf("answered %t: got ChildUp %t, Delete sent %t; want both where it is answered", answered, got, asked)
		}
		w.carry = nil
		if answered {
			w.close()
			continue
		}
		up := w.machine.security.pending.up
		w.do(w.machine.Close(w.now))
		if !up.In.Key.Equal(ike.NewSecret(make([]byte, len(up.In.Key.Bytes())))) {
			t.Error("the keys that were not told are left")
		}
	}
}

// TestTruncated sends each answer cut at each byte before the whole one, with the length
// in the header that it has, and with the one that it had.
func TestTruncated(t *testing.T) {
	t.Parallel()
	w := newWire(t, pfsOnly(t))
	cut := 0
	w.carry = func(_ int, f flight) []flight {
		var list []flight
		for n := range f.d.Data {
			if f.toPeer {
				break
			}
			a, b := f, f
			a.d.Data, b.d.Data = f.d.Data[:n], bytes.Clone(f.d.Data[:n])
			if n >= ike.HeaderLen {
				binary.BigEndian.PutUint32(b.d.Data[24:], uint32(n))
			}
			list, cut = append(list, a, b), cut+2
		}
		return append(list, f)
	}
	w.open(1, childOf(t, false, "aes256gcm16-ecp256"))
	w.wantUp(1, 1)
	if cut < 1000 {
		t.Errorf("%d cut datagrams were sent, want more than 1000", cut)
	}
	w.carry = nil
	w.close()
}

// TestBitFlips changes each byte of each answer, and sends it before the whole one. Changed
// answers to IKE_SA_INIT may be good to look at, and sixteen of them are followed: each run
// changes every thirtieth byte.
func TestBitFlips(t *testing.T) {
	t.Parallel()
	const runs = 30
	for _, suite := range []string{"aes256gcm16-prfsha256-ecp256", "aes256-sha256-ecp256"} {
		for run := range runs {
			t.Run(fmt.Sprintf("%s %d", suite, run), func(t *testing.T) {
				t.Parallel()
				w := newWire(t, func(c *ike.Config, _ *iketest.V2Config) { c.Suites = []ike.Suite{ikeSuite(t, suite)} })
				w.carry = func(_ int, f flight) []flight {
					var list []flight
					for n := range f.d.Data {
						if f.toPeer || f.d.Data[18] == exchangeInit && n%runs != run || f.d.Data[18] != exchangeInit && run > 0 {
							continue
						}
						a := f
						a.d.Data = bytes.Clone(f.d.Data)
						a.d.Data[n] ^= 1
						list = append(list, a)
					}
					return append(list, f)
				}
				w.open(1, childOf(t, false, "aes256gcm16"))
				w.wantUp(1, 1)
				w.carry = nil
				w.do(w.machine.Close(w.now))
			})
		}
	}
}

// TestPorts has a peer that hears nothing on port 500.
func TestPorts(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	w.carry = func(_ int, f flight) []flight {
		if f.toPeer && f.d.Port == ike.Port {
			return nil
		}
		return []flight{f}
	}
	w.open(1, childOf(t, false, "aes256gcm16"))
	w.run(2 * time.Second)
	w.wantUp(1, 1)
	var ports []uint16
	for _, d := range w.sent[:5] {
		ports = append(ports, d.Port)
	}
	if want := []uint16{500, 500, 500, 500, 4500}; fmt.Sprint(ports) != fmt.Sprint(want) {
		t.Errorf("it sent to %v, want %v: to 4500 as well after the second retransmission", ports, want)
	}
}

// TestRetransmission has a peer that is silent.
func TestRetransmission(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	w.carry = func(int, flight) []flight { return nil }
	var at []time.Duration
	w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
	for len(at) < 8 {
		at = append(at, w.tick.Sub(start))
		w.run(w.tick.Sub(w.now))
	}
	want := "[250ms 750ms 1.75s 3.75s 7.75s 11.75s 15.75s 19.75s]"
	if fmt.Sprint(at) != want {
		t.Errorf("it sent again after %v, want %v", at, want)
	}
	if f := w.machine.Reason(1); f.Cause != ike.Silent {
		t.Errorf("got %v, want silence", f)
	}
	for _, d := range w.sent {
		if !bytes.Equal(d.Data, w.sent[0].Data) {
			t.Error("a retransmission differs from the message")
		}
	}
}
