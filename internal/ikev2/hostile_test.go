package ikev2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// forged returns an answer to a message of ours that an attacker on the path can make.
func forged(request []byte, version uint8, list ...ike.Payload) ike.Datagram {
	h, _ := ike.ParseHeader(request)
	b := ike.AppendPayloads(nil, list...)
	h.Version, h.Flags, h.Next, h.Length = version, flagResponse, 0, uint32(ike.HeaderLen+len(b))
	if len(list) > 0 {
		h.Next = list[0].Type
	}
	m, _ := h.AppendBinary(nil)
	return ike.Datagram{Port: ike.Port, Data: append(m, b...)}
}

func forgedNotify(kind uint16, data ...byte) ike.Payload {
	return notify{kind: kind, data: data}.payload()
}

// forgeries are what an attacker may say before the peer's good answer.
func forgeries(w *wire, request []byte) map[string][]ike.Datagram {
	v2 := func(list ...ike.Payload) []ike.Datagram { return []ike.Datagram{forged(request, 0x20, list...)} }
	list := map[string][]ike.Datagram{
		"nothing":               v2(),
		"version 1":             {forged(request, 0x10)},
		"version 3":             {forged(request, 0x30)},
		"rubbish":               v2(ike.Payload{Type: payloadSA, Body: []byte("rubbish")}),
		"a short nonce":         v2(ike.Payload{Type: payloadNonce, Body: []byte("short")}),
		"two SAs":               v2(ike.Payload{Type: payloadSA, Body: make([]byte, 8)}, ike.Payload{Type: payloadSA}),
		"a critical payload":    v2(ike.Payload{Type: 99, Critical: true}),
		"our own message":       {{Port: ike.Port, Data: request}},
		"an Encrypted payload":  v2(ike.Payload{Type: payloadEncrypted, Body: make([]byte, 64)}),
		"a cookie of no bytes":  v2(forgedNotify(notifyCookie)),
		"a cookie of 65 bytes":  v2(forgedNotify(notifyCookie, make([]byte, 65)...)),
		"INVALID_KE, other":     v2(forgedNotify(notifyInvalidKE, 0, 18)),
		"INVALID_KE, offered":   v2(forgedNotify(notifyInvalidKE, 0, 14)),
		"INVALID_KE, no group":  v2(forgedNotify(notifyInvalidKE)),
		"a cookie":              v2(forgedNotify(notifyCookie, []byte("cookie")...)),
		"nine cookies":          nil,
		"as many as there are":  nil,
		"an answer of our bits": nil,
	}
	for i := range 9 {
		list["nine cookies"] = append(list["nine cookies"], forged(request, 0x20, forgedNotify(notifyCookie, byte(i))))
	}
	for _, kind := range []uint16{1, 4, 5, 7, 9, 11, 14, 24, 34, 35, 36, 37, 38, 39, 43, 44, 9999, 16383, 16384, 40000} {
		list[fmt.Sprintf("notify %d", kind)] = v2(forgedNotify(kind))
		list["as many as there are"] = append(list["as many as there are"], forged(request, 0x20, forgedNotify(kind)))
	}
	if payloads, _, err := ike.ParsePayloads(request[16], request[ike.HeaderLen:]); err == nil && request[18] == exchangeInit {
		list["an answer of our bits"] = v2(payloads...)
	}
	return list
}

// TestForgedBefore has an attacker on the path answer each of our messages before the peer
// does: the negotiation succeeds all the same.
func TestForgedBefore(t *testing.T) {
	t.Parallel()
	probe := newWire(t, nil)
	probe.open(1, childOf(t, false, "aes256gcm16"))
	for name := range forgeries(probe, probe.sent[0].Data) {
		for step := range 3 {
			t.Run(fmt.Sprintf("%s %d", name, step), func(t *testing.T) {
				t.Parallel()
				w := newWire(t, pfsOnly(t))
				sent := 0
				w.carry = func(_ int, f flight) []flight {
					list := []flight{f}
					if f.toPeer && sent == step {
						for _, d := range forgeries(w, f.d.Data)[name] {
							list = append(list, flight{at: w.now, d: d})
						}
					}
					if f.toPeer {
						sent++
					}
					return list
				}
				w.open(1, childOf(t, false, "aes256gcm16-ecp256"))
				w.wantUp(1, 1)
				w.carry = nil
				w.close()
			})
		}
	}
}

// TestForgedAlone has an attacker answer where the peer is silent. What it says is
// believed after a second, and called not authenticated.
func TestForgedAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		pass    int // datagrams before the peer is silent
		payload ike.Payload
		cause   ike.Cause
		notify  uint16
	}{
		{"NO_PROPOSAL_CHOSEN", 0, forgedNotify(14), ike.NoIKEProposal, 14},
		{"AUTHENTICATION_FAILED", 0, forgedNotify(24), ike.KeyOrIdentity, 24},
		{"INVALID_KE_PAYLOAD", 0, forgedNotify(17, 0, 18), ike.NoIKEProposal, 17},
		{"INVALID_MAJOR_VERSION", 0, forgedNotify(5), ike.SpeaksIKEv1, 5},
		{"unknown", 0, forgedNotify(9999), ike.Refused, 9999},
		{"AUTHENTICATION_FAILED in IKE_AUTH", 2, forgedNotify(24), ike.KeyOrIdentity, 24},
		{"NO_PROPOSAL_CHOSEN in IKE_AUTH", 2, forgedNotify(14), ike.NoESPProposal, 14},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, nil)
			w.carry = func(i int, f flight) []flight {
				if i < tt.pass {
					return []flight{f}
				}
				if !f.toPeer {
					return nil
				}
				return []flight{{at: w.now.Add(latency), d: forged(f.d.Data, 0x20, tt.payload)}}
			}
			w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
			w.run(grace)
			if w.down(1) != nil {
				t.Fatal("it is believed at once")
			}
			if f := w.machine.Reason(1); f.Cause != tt.cause {
				t.Errorf("the reason is %v meanwhile, want the cause %d", f, tt.cause)
			}
			w.run(time.Second)
			if f := w.failure(1); f.Cause != tt.cause || f.Notify != tt.notify || f.Authenticated {
				t.Errorf("got %+v, want the cause %d and the notify %d, not authenticated", f, tt.cause, tt.notify)
			}
		})
	}
}

// TestCookies has a peer that wants cookies, and a group.
func TestCookies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cookies int
		group   ike.Group
		up      bool
	}{{1, 0, true}, {4, 0, true}, {1, ike.MODP2048, true}, {0, ike.MODP2048, true}, {5, 0, false}} {
		w := newWire(t, func(_ *ike.Config, v *iketest.V2Config) { v.Cookies, v.WantGroup = tt.cookies, tt.group })
		w.open(1, childOf(t, false, "aes256gcm16"))
		if up := len(w.ups(1)) == 1; up != tt.up {
			t.Errorf("%d cookies and the group %v: got up %t, want %t; reason %v", tt.cookies, tt.group, up, tt.up, w.machine.Reason(1))
		}
		w.close()
	}
}

// TestFlood has an attacker that sends a million datagrams in a second.
func TestFlood(t *testing.T) {
	t.Parallel()
	count := 1_000_000
	if testing.Short() {
		count = 50_000
	}
	for _, step := range []int{0, 1} {
		w := newWire(t, nil)
		hold := true
		sent := 0
		w.carry = func(_ int, f flight) []flight {
			if f.toPeer {
				sent++
			}
			if hold && sent > step {
				return nil
			}
			return []flight{f}
		}
		w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
		w.run(20 * time.Millisecond)
		var list []ike.Datagram
		request := bytes.Clone(w.sent[len(w.sent)-1].Data)
		for _, l := range forgeries(w, request) {
			list = append(list, l...)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		sends := 0
		for i := range count / 2 {
			d := list[i%len(list)]
			binary.BigEndian.PutUint16(d.Data[len(d.Data)-2:], uint16(i))
			o := w.machine.Receive(w.now, d)
			sends += len(o.Send)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
			t.Errorf("the heap grew by %d bytes", grown)
		}
		if sends > 0 {
			t.Errorf("it sent %d datagrams because of the flood", sends)
		}
		hold = false
		w.run(900 * time.Millisecond)
		w.wantUp(1, 1)
		w.carry = nil
		w.close()
	}
}

// TestReflected has an attacker that sends our own requests back to us under the
// association.
func TestReflected(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	before := len(w.sent)
	for _, d := range w.sent {
		for _, flags := range []byte{d.Data[19], d.Data[19] ^ flagInitiator, d.Data[19] ^ flagResponse, 0, flagResponse} {
			b := bytes.Clone(d.Data)
			b[19] = flags
			w.do(w.machine.Receive(w.now, ike.Datagram{Port: ike.NATTPort, Data: b}))
		}
	}
	for _, d := range w.toUs { // and the peer's, once more
		w.do(w.machine.Receive(w.now, d))
	}
	if len(w.sent) != before || w.down(1) != nil || len(w.ups(1)) != 1 {
		t.Errorf("it sent %d messages; events %+v", len(w.sent)-before, w.events)
	}
	w.close()
}

// TestForgedLate has an attacker refuse when the peer has been away for two seconds, and comes
// back: the request goes out once more within the second in which a good answer is waited
// for.
func TestForgedLate(t *testing.T) {
	t.Parallel()
	for _, exchange := range []uint8{exchangeInit, exchangeAuth} {
		w := newWire(t, nil)
		away := true
		w.carry = func(_ int, f flight) []flight {
			if away && f.toPeer && f.d.Data[18] == exchange {
				return nil
			}
			return []flight{f}
		}
		w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
		w.run(2 * time.Second)
		away = false
		w.do(w.machine.Receive(w.now, forged(w.sent[len(w.sent)-1].Data, 0x20, forgedNotify(14))))
		w.run(2 * time.Second)
		w.wantUp(1, 1)
		w.close()
	}
}
