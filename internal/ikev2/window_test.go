package ikev2

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// ask sends a request of the peer's, and returns the notify that answers it; 0: none.
func (w *wire) ask(exchange uint8, list ...ike.Payload) uint16 {
	w.t.Helper()
	var got []ike.Payload
	answered := false
	w.fromPeer(w.peer.Ask(exchange, func(_ time.Time, l []ike.Payload) { got, answered = l, true }, list...))
	w.run(50 * time.Millisecond)
	if !answered {
		w.t.Fatal("no answer")
	}
	if len(got) == 1 && got[0].Type == payloadNotify {
		return binary.BigEndian.Uint16(got[0].Body[2:])
	}
	return 0
}

// rekeyOf returns the peer's rekey of a child, with selectors and a mode.
func rekeyOf(w *wire, spi uint32, tsi, tsr selector, transport bool) []ike.Payload {
	list := []ike.Payload{
		notify{protocol: protocolESP, kind: notifyRekeySA, spi: spiBytes(spi)}.payload(),
		saPayload(offerESP([]ike.ESPSuite{espSuite(w.t, "aes256gcm16")}, []byte{1, 2, 3, 4}, true)...),
		{Type: payloadNonce, Body: make([]byte, 32)},
		{Type: payloadTSi, Body: appendSelectors(nil, tsi)}, {Type: payloadTSr, Body: appendSelectors(nil, tsr)},
	}
	if transport {
		list = append(list, notify{kind: notifyUseTransportMode}.payload())
	}
	return list
}

// TestRefusedRekeys has rekeys of the peer's that are refused.
func TestRefusedRekeys(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	spi := w.ups(1)[0].Out.SPI
	local, portal := selectors(childOf(t, false, "aes256gcm16"), levelExact)
	other := portal
	other.portLow, other.portHigh = 1, 1
	if got := w.ask(exchangeCreateChild, rekeyOf(w, spi, other, local, true)...); got != notifyTSUnacceptable {
		t.Errorf("other selectors: got the notify %d, want TS_UNACCEPTABLE", got)
	}
	if got := w.ask(exchangeCreateChild, rekeyOf(w, spi, portal, local, false)...); got != notifyNoProposalChosen {
		t.Errorf("another mode: got the notify %d, want NO_PROPOSAL_CHOSEN", got)
	}
	w.carry = func(_ int, f flight) []flight { // our rekey of IKE is not answered
		if f.toPeer && w.machine.rekeying != nil && f.d.Data[19]&flagResponse == 0 {
			return nil
		}
		return []flight{f}
	}
	w.machine.security.rekeyAt = w.now
	w.do(w.machine.Tick(w.now))
	if got := w.ask(exchangeCreateChild, rekeyOf(w, spi, portal, local, true)...); got != notifyTemporaryFailure {
		t.Errorf("while IKE is renewed: got the notify %d, want TEMPORARY_FAILURE", got)
	}
	w.carry = nil
	w.run(time.Minute)
	w.wantUp(1, 1)
	w.close()
}

// TestReplacedFlood has an authenticated peer that renews without end, and deletes
// nothing.
func TestReplacedFlood(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	for range 10 {
		w.fromPeer(w.peer.RekeyChild(len(w.peer.Children()) - 1))
		w.run(50 * time.Millisecond)
	}
	if got := len(w.ups(1)); got != 1+maxReplaced {
		t.Errorf("the child came up %d times, want %d", got, 1+maxReplaced)
	}
	for range 10 {
		w.fromPeer(w.peer.RekeyIKE())
		w.run(50 * time.Millisecond)
	}
	if got := len(w.machine.others); got != maxReplaced {
		t.Errorf("there are %d associations that were replaced, want %d", got, maxReplaced)
	}
	w.run(2 * time.Minute)
	if len(w.machine.others) != 0 || len(w.expired(1)) != maxReplaced {
		t.Errorf("%d associations and %d pairs are left, want none", len(w.machine.others), maxReplaced-len(w.expired(1)))
	}
	w.close()
}

// TestQueuedRekey has the peer renew a child while our rekey of it waits for the window:
// ours is not wanted any more.
func TestQueuedRekey(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	w.open(2, childOf(t, false, "aes256gcm16"))
	w.do(w.machine.Drop(w.now, 2)) // its Delete is on its way
	w.do(w.machine.Rekey(w.now, 1))
	w.do(w.machine.Receive(w.now, w.peer.RekeyChild(0)[0]))
	w.run(time.Second)
	w.wantUp(1, 2)
	w.close()
}

// TestOldAnswer has an answer to an earlier request come again, where one of the same
// exchange is waited for.
func TestOldAnswer(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	w.open(2, childOf(t, false, "aes256gcm16"))
	old := w.toUs[len(w.toUs)-1]
	w.do(w.machine.Open(w.now, 3, childOf(t, false, "aes256gcm16")))
	pending := w.machine.security.pending
	w.do(w.machine.Receive(w.now, old))
	if pending == nil || w.machine.security.pending != pending {
		t.Fatal("an old answer is taken for the one that is waited for")
	}
	w.run(time.Second)
	w.wantUp(3, 1)
	w.close()
}

// TestRequestTooEarly has a peer ask before it is authenticated.
func TestRequestTooEarly(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
	w.do(w.machine.Receive(w.now, w.peer.Receive(w.now, w.sent[0])[0]))
	if o := w.machine.Receive(w.now, w.peer.Ask(exchangeInformational, nil)[0]); len(o.Send)+len(o.Events) != 0 {
		t.Errorf("got %+v, want nothing", o)
	}
}

// TestLateRival has both ends renew IKE, ours be lost, and the peer delete the old
// association.
func TestLateRival(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	w.carry = func(_ int, f flight) []flight {
		if f.toPeer && f.d.Data[18] == exchangeCreateChild && f.d.Data[19]&flagResponse == 0 {
			return nil
		}
		return []flight{f}
	}
	w.fromPeer(w.peer.RekeyIKE())
	w.machine.security.rekeyAt = w.now
	w.do(w.machine.Tick(w.now))
	w.run(100 * time.Millisecond)
	w.fromPeer(w.peer.DeleteIKE(0))
	w.run(100 * time.Millisecond)
	w.carry = nil
	w.do(w.machine.Rekey(w.now, 1))
	w.run(time.Second)
	w.wantUp(1, 2)
	if w.down(1) != nil || w.peer.Alive() != 1 {
		t.Errorf("got %+v, want the child to stay under the peer's association", w.events)
	}
	w.close()
}

// TestBusyPeer has a peer that cannot do perfect forward secrecy at the moment.
func TestBusyPeer(t *testing.T) {
	t.Parallel()
	refuse := map[uint8]int{exchangeCreateChild: int(notifyTemporaryFailure)}
	w := newWire(t, func(_ *ike.Config, v *iketest.V2Config) {
		v.Refuse, v.ESP = refuse, []ike.ESPSuite{espSuite(t, "aes256gcm16-ecp256")}
	})
	w.open(1, childOf(t, false, "aes256gcm16-ecp256"))
	if w.down(1) != nil || len(w.ups(1)) != 0 {
		t.Fatalf("got %+v, want it to wait", w.events)
	}
	delete(refuse, exchangeCreateChild)
	w.run(time.Second)
	w.wantUp(1, 1)
	w.close()
}

// TestReflectedInit has an attacker answer IKE_SA_INIT with our own key and nonce.
func TestReflectedInit(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
	s := w.machine.start
	picked := offerIKE(w.machine.cfg.Suites[:1], nil)
	for _, list := range [][]ike.Payload{
		{saPayload(picked...), kePayload(s.key), {Type: payloadNonce, Body: make([]byte, 32)}},
		{saPayload(picked...), {Type: payloadKE, Body: append([]byte{0, 19, 0, 0}, bytes.Repeat([]byte{1}, 64)...)}, {Type: payloadNonce, Body: s.nonce}},
	} {
		d := forged(w.sent[0].Data, 0x20, append(list, forgedNotify(notifyNATSource, make([]byte, 20)...), forgedNotify(notifyNATDestination, make([]byte, 20)...))...)
		d.Data[8] = 1 // the SPI of the responder
		w.do(w.machine.Receive(w.now, d))
		if f := w.machine.suspect; w.machine.security != nil || f == nil || f.Detail != "the peer repeats what we sent" {
			t.Errorf("got %v, want that it is known for our own", f)
		}
	}
}

// TestGroupTwice has an attacker that asks for one group after the other: the request is
// changed once.
func TestGroupTwice(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	w.carry = func(int, flight) []flight { return nil }
	w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
	for _, group := range []byte{14, 19, 14} {
		w.do(w.machine.Receive(w.now, forged(w.sent[0].Data, 0x20, forgedNotify(notifyInvalidKE, 0, group))))
		w.run(2 * patience)
	}
	if len(w.sent) != 2 || w.machine.start.key.Group != ike.MODP2048 {
		t.Errorf("it sent %d requests, the last with the group %v; want 2 and MODP_2048", len(w.sent), w.machine.start.key.Group)
	}
}

func TestContents(t *testing.T) {
	t.Parallel()
	nonce := func(n int) ike.Payload { return ike.Payload{Type: payloadNonce, Body: make([]byte, n)} }
	for _, tt := range []struct {
		name string
		list []ike.Payload
		ok   bool
	}{
		{"the shortest nonce", []ike.Payload{nonce(16)}, true},
		{"the longest nonce", []ike.Payload{nonce(256)}, true},
		{"too short", []ike.Payload{nonce(15)}, false},
		{"too long", []ike.Payload{nonce(257)}, false},
		{"two nonces", []ike.Payload{nonce(16), nonce(16)}, false},
		{"two notifies", []ike.Payload{forgedNotify(1), forgedNotify(1)}, true},
		{"an unknown payload", []ike.Payload{{Type: 128}}, true},
		{"an unknown critical payload", []ike.Payload{{Type: 128, Critical: true}}, false},
		{"a known critical payload", []ike.Payload{{Type: payloadNonce, Critical: true, Body: make([]byte, 16)}}, true},
		{"KE of three bytes", []ike.Payload{{Type: payloadKE, Body: make([]byte, 3)}}, false},
		{"AUTH of a signature", []ike.Payload{{Type: payloadAuth, Body: []byte{1, 0, 0, 0, 1}}}, false},
		{"an identity of three bytes", []ike.Payload{{Type: payloadIDr, Body: make([]byte, 3)}}, false},
	} {
		if _, err := readContents(tt.list, 1); (err == nil) != tt.ok {
			t.Errorf("%s: got %v, want ok %t", tt.name, err, tt.ok)
		}
	}
}
