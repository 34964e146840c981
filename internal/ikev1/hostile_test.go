package ikev1

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// TestFlood sends 10^5 datagrams of several kinds before the answer of the peer, at each step.
// The answer is taken all the same, and nothing is kept.
func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	const count = 100_000
	kinds := []struct {
		name string
		make func(d ike.Datagram, i int) []byte
	}{
		{"noise", func(_ ike.Datagram, i int) []byte { return binary.BigEndian.AppendUint32(make([]byte, 60), uint32(i)) }},
		{"other cookies", func(d ike.Datagram, i int) []byte {
			b := append([]byte(nil), d.Data...)
			binary.BigEndian.PutUint32(b, uint32(i))
			return b
		}},
		{"clear notifies", func(d ike.Datagram, i int) []byte {
			h := ike.Header{Version: ike.Version1, Exchange: exchangeInformational, MessageID: uint32(i + 1)}
			copy(h.Initiator[:], d.Data)
			copy(h.Responder[:], d.Data[8:])
			return appendClear(h, ike.Payload{Type: payloadNotify, Body: notify{protocol: 1, kind: uint16(i)}.body()})
		}},
		{"the body is other", func(d ike.Datagram, i int) []byte {
			b := append([]byte(nil), d.Data...)
			binary.BigEndian.PutUint32(b[len(b)-4:], uint32(i))
			b[30], b[len(b)-20] = 0xff, 0xff
			return b
		}},
		{"encrypted informationals", func(d ike.Datagram, i int) []byte {
			h := ike.Header{Version: ike.Version1, Exchange: exchangeInformational, Flags: flagEncrypted, MessageID: uint32(i + 1), Next: payloadHash, Length: 28 + 64}
			copy(h.Initiator[:], d.Data)
			copy(h.Responder[:], d.Data[8:])
			b, _ := h.AppendBinary(nil)
			return append(b, make([]byte, 64)...)
		}},
	}
	for _, ex := range exchanges {
		for step := range ex.ofThePeers {
			n := newNet(t, fast(t, ex.aggressive), peerConfig())
			n.in = nth(step, func(d ike.Datagram) []ike.Datagram {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				for i := range count {
					k := kinds[i%len(kinds)]
					if o := n.m.Receive(n.now, ike.Datagram{Port: d.Port, Data: k.make(d, i)}); len(o.Events) > 0 || len(o.Send) > 0 {
						t.Fatalf("%s, step %d, %s: got %+v", ex.name, step, k.name, o)
					}
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<10 {
					t.Errorf("%s, step %d: %d bytes were kept", ex.name, step, grown)
				}
				return []ike.Datagram{d}
			})
			n.mustUp(want(t))
		}
	}
}

// TestAnswersWithExponentiation has many answers to message 1 of aggressive mode that are
// wrong: each costs an exponentiation, so that only some are computed with.
func TestAnswersWithExponentiation(t *testing.T) {
	t.Parallel()
	cfg := fast(t, true)
	keys := 0
	cfg.PSK = func() []byte { keys++; return []byte(testKey) }
	n := newNet(t, cfg, peerConfig())
	n.in = nth(0, func(d ike.Datagram) (list []ike.Datagram) {
		for i := range 1000 {
			b := append([]byte(nil), d.Data...)
			b[8], b[9] = byte(i), byte(i>>8)
			list = append(list, ike.Datagram{Port: d.Port, Data: b})
		}
		return append(list, d)
	})
	n.open(1, want(t))
	n.run(200*time.Millisecond, nil)
	if keys != maxAnswers {
		t.Errorf("got %d exponentiations, want %d", keys, maxAnswers)
	}
	n.waitUp(1, 1)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	more := func(kind uint8, count, size int) func(iketest.Step, []ike.Payload) []ike.Payload {
		return func(step iketest.Step, list []ike.Payload) []ike.Payload {
			if step == iketest.Main2 || step == iketest.Main4 && kind == payloadNATD {
				for range count {
					list = append(list, ike.Payload{Type: kind, Body: make([]byte, size)})
				}
			}
			return list
		}
	}
	resize := func(kind uint8, size int) func(iketest.Step, []ike.Payload) []ike.Payload {
		return func(step iketest.Step, list []ike.Payload) []ike.Payload {
			for i := range list {
				if step == iketest.Main4 && list[i].Type == kind {
					list[i].Body = make([]byte, size)
					list[i].Body[size-1] = 7
				}
			}
			return list
		}
	}
	tests := []struct {
		name   string
		change func(iketest.Step, []ike.Payload) []ike.Payload
	}{
		{"17 vendor IDs", more(payloadVendor, 15, 16)},
		{"65 payloads", more(99, 62, 4)},
		{"more than 16 KiB", more(99, 2, 8190)},
		{"9 hashes of addresses", more(payloadNATD, 7, 20)},
		{"two SA payloads", more(payloadSA, 1, 50)},
		{"a short nonce", resize(payloadNonce, 7)},
		{"a long nonce", resize(payloadNonce, 257)},
		{"a short key exchange", resize(payloadKE, 63)},
		{"a point that is not on the curve", resize(payloadKE, 64)},
	}
	for _, tt := range tests {
		cfg := peerConfig()
		cfg.Change = tt.change
		n := newNet(t, fast(t, false), cfg)
		n.open(1, want(t))
		n.run(5*time.Second, nil)
		f := n.m.Reason(1)
		if len(n.ups(1)) > 0 || f.Cause != ike.Malformed && f.Cause != ike.Stopped && f.Cause != ike.Silent {
			t.Errorf("%s: up %d, got %v, want malformed", tt.name, len(n.ups(1)), f)
		}
	}
}

// TestOwnKeyExchange has the peer send our own public value back.
func TestOwnKeyExchange(t *testing.T) {
	t.Parallel()
	cfg := peerConfig()
	var n *net
	cfg.Change = func(step iketest.Step, list []ike.Payload) []ike.Payload {
		if step == iketest.Main4 {
			list[0].Body = n.m.first.handshake.pair.Public
		}
		return list
	}
	n = newNet(t, fast(t, false), cfg)
	n.open(1, want(t))
	n.run(500*time.Millisecond, nil)
	if f := n.m.Reason(1); f.Cause != ike.Malformed || f.Step != mainMessage4 {
		t.Errorf("got %v, want malformed", f)
	}
}

func TestMessageIDs(t *testing.T) {
	t.Parallel()
	var m messageIDs
	if m.take(0) || !m.take(5) || m.take(5) {
		t.Error("0, or a number that was used, was taken")
	}
	for i := range uint32(3 * maxMessageIDs) {
		m.take(i + 100)
	}
	if len(m.used) != maxMessageIDs || len(m.ring) != maxMessageIDs {
		t.Errorf("got %d and %d, want %d", len(m.used), len(m.ring), maxMessageIDs)
	}
	if m.take(3*maxMessageIDs + 99) {
		t.Error("the last one was taken again")
	}
}

// TestPeersQuickModes has the peer begin many Quick Modes that it never ends.
func TestPeersQuickModes(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	c := n.peer.Children()[0]
	n.out = lost
	for range 100 {
		n.fromPeer(n.peer.Rekey(c))
	}
	n.run(time.Second, nil)
	if got := len(n.m.theirs); got != maxOpen {
		t.Errorf("got %d open, want %d", got, maxOpen)
	}
	n.run(theirTime, nil)
	if got := len(n.m.theirs); got != 0 || len(n.ups(1)) != 1 {
		t.Errorf("after their time: got %d open and %d associations, want 0 and 1", got, len(n.ups(1)))
	}
}

// TestSecrets looks for keys in whatever can be printed, and whether they are cleared.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		cfg := fast(t, ex.aggressive)
		var given [][]byte
		cfg.PSK = func() []byte { b := []byte(testKey); given = append(given, b); return b }
		n := newNet(t, cfg, peerConfig())
		n.mustUp(want(t))
		k, up := n.m.sa.keys, n.ups(1)[0]
		all := []ike.Secret{k.id, k.derive, k.auth, k.cipher}
		for _, format := range []string{"%v", "%+v", "%#v", "%x", "%s"} {
			text := fmt.Sprintf(format, []any{k, up, n.events, n.m.Reason(1), *n.m.sa})
			for _, s := range append(all, up.In.Key, up.Out.Key) {
				for _, shape := range []string{fmt.Sprintf("%x", s.Bytes()), fmt.Sprint(s.Bytes()), string(s.Bytes())} {
					if strings.Contains(text, strings.Trim(shape, "[]")) {
						t.Errorf("%s, %s: a key is shown", ex.name, format)
					}
				}
			}
		}
		n.do(n.m.Close(n.now))
		for i, s := range all {
			if strings.Trim(string(s.Bytes()), "\x00") != "" {
				t.Errorf("%s: key %d is not cleared", ex.name, i)
			}
		}
		for _, b := range given {
			if strings.Trim(string(b), "\x00") != "" {
				t.Errorf("%s: the preshared key is not cleared", ex.name)
			}
		}
	}
}
