package ikev2

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// TestDeletedChild has a peer that deletes a child: new associations are asked for, once.
func TestDeletedChild(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16-ecp256", nil)
	first := w.ups(1)[0]
	w.fromPeer(w.peer.DeleteChild(0))
	w.run(time.Second)
	w.wantUp(1, 2)
	w.run(20 * time.Second)
	if e := w.expired(1); len(e) != 1 || e[0] != first.In.SPI {
		t.Errorf("expired %x, want %x", e, first.In.SPI)
	}
	w.fromPeer(w.peer.DeleteChild(0))
	w.run(10 * time.Millisecond)
	var gone *ike.Gone
	if err := w.down(1); !errors.As(err, &gone) || gone.Reason != "the peer deleted the security associations" {
		t.Errorf("got %v, want that it is gone", err)
	}
	w.close()
}

// TestDeletedAndSilent has a peer that deletes a child, and is silent then: the child ends
// within a second.
func TestDeletedAndSilent(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	w.fromPeer(w.peer.DeleteChild(0))
	w.carry = func(_ int, f flight) []flight { return nil }
	w.run(time.Second)
	var gone *ike.Gone
	if err := w.down(1); !errors.As(err, &gone) {
		t.Errorf("got %v, want that it is gone", err)
	}
}

// TestDeletedIKE has a peer that deletes the IKE security association, and the children
// with it.
func TestDeletedIKE(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	w.fromPeer(w.peer.DeleteIKE(0))
	w.run(100 * time.Millisecond)
	var gone *ike.Gone
	if err := w.down(1); !errors.As(err, &gone) {
		t.Errorf("got %v, want that it is gone", err)
	}
	if d, ok := w.events[len(w.events)-1].(ike.Down); !ok || d.Err == nil {
		t.Errorf("got %+v at last, want Down", w.events[len(w.events)-1])
	}
	if w.peer.Alive() != 0 {
		t.Error("its Delete was not answered")
	}
	w.do(w.machine.Open(w.now, 2, childOf(t, false, "aes256gcm16")))
	if w.down(2) == nil {
		t.Error("a child of a machine that has ended does not end")
	}
}

// TestPeerSilent has a peer that does not answer a rekey any more.
func TestPeerSilent(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	w.carry = func(int, flight) []flight { return nil }
	w.do(w.machine.Rekey(w.now, 1))
	w.run(2 * time.Minute)
	var gone *ike.Gone
	if err := w.down(1); !errors.As(err, &gone) {
		t.Errorf("got %v, want that it is gone", err)
	}
}

// TestRequests has requests of the peer's that are answered without more.
func TestRequests(t *testing.T) {
	t.Parallel()
	newChild := []ike.Payload{saPayload(offerESP([]ike.ESPSuite{{Encryption: ike.AESGCM16, Bits: 256}}, []byte{1, 2, 3, 4}, true)...), {Type: payloadNonce, Body: make([]byte, 32)}}
	for _, tt := range []struct {
		name     string
		exchange uint8
		list     []ike.Payload
		notify   uint16 // 0: the answer is empty
		data     []byte
	}{
		{"liveness", exchangeInformational, nil, 0, nil},
		{"an unknown notify", exchangeInformational, []ike.Payload{notify{kind: 40000, data: []byte("hello")}.payload()}, 0, nil},
		{"a Delete of what there is not", exchangeInformational, []ike.Payload{deletion{protocol: protocolESP, spis: []uint32{7}}.payload()}, 0, nil},
		{"an unknown payload", exchangeInformational, []ike.Payload{{Type: 200, Body: []byte{1}}}, 0, nil},
		{"an unknown critical payload", exchangeInformational, []ike.Payload{{Type: 200, Critical: true}}, notifyUnsupportedCritical, []byte{200}},
		{"a Delete of no SPIs", exchangeInformational, []ike.Payload{{Type: payloadDelete, Body: []byte{3, 4, 0, 9}}}, notifyInvalidSyntax, nil},
		{"a new child", exchangeCreateChild, newChild, notifyNoAdditionalSAs, nil},
		{"a rekey of what there is not", exchangeCreateChild, append([]ike.Payload{notify{protocol: protocolESP, kind: notifyRekeySA, spi: []byte{0, 0, 9, 9}}.payload()}, newChild...), notifyChildNotFound, nil},
		{"CREATE_CHILD_SA of nothing", exchangeCreateChild, nil, notifyInvalidSyntax, nil},
		{"IKE_AUTH again", exchangeAuth, nil, notifyInvalidSyntax, nil},
		{"another exchange", 99, nil, notifyInvalidSyntax, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := up(t, "aes256gcm16", nil)
			var got []ike.Payload
			answered := false
			w.fromPeer(w.peer.Ask(tt.exchange, func(_ time.Time, list []ike.Payload) { got, answered = list, true }, tt.list...))
			w.run(time.Second)
			switch {
			case !answered:
				t.Fatal("no answer")
			case tt.notify == 0 && len(got) != 0:
				t.Errorf("got %+v, want an empty answer", got)
			case tt.notify != 0 && (len(got) != 1 || got[0].Type != payloadNotify || binary.BigEndian.Uint16(got[0].Body[2:]) != tt.notify):
				t.Errorf("got %+v, want the notify %d", got, tt.notify)
			case tt.data != nil && string(got[0].Body[4:]) != string(tt.data):
				t.Errorf("got the data %x, want %x", got[0].Body[4:], tt.data)
			}
			if w.down(1) != nil || len(w.ups(1)) != 1 {
				t.Errorf("got %+v, want no change", w.events)
			}
			w.do(w.machine.Rekey(w.now, 1))
			w.run(time.Second)
			w.wantUp(1, 2)
		})
	}
}

// TestDeletedByBoth has a peer delete what we have deleted: its answer does not name it
// again (RFC 7296, section 1.4.1).
func TestDeletedByBoth(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	w.do(w.machine.Rekey(w.now, 1))
	w.run(time.Second)
	var got []ike.Payload
	old := deletion{protocol: protocolESP, spis: []uint32{w.ups(1)[0].Out.SPI}}
	w.fromPeer(w.peer.Ask(exchangeInformational, func(_ time.Time, l []ike.Payload) { got = l }, old.payload()))
	w.run(time.Second)
	if len(got) != 0 {
		t.Errorf("got the answer %+v, want an empty one", got)
	}
	w.wantUp(1, 2)
}

// TestDrop ends one of two children, and the machine then.
func TestDrop(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	second := childOf(t, false, "aes256gcm16")
	second.Local = netipPort(40001)
	w.open(2, second)
	w.wantUp(2, 1)
	w.do(w.machine.Drop(w.now, 1))
	w.run(time.Second)
	if len(w.peer.Children()) != 1 || w.peer.Children()[0].Initiator.Port() != 40001 {
		t.Errorf("the responder has %+v, want the second child", w.peer.Children())
	}
	w.wantUp(2, 1)
	if w.down(1) != nil {
		t.Error("an event followed Drop")
	}
	w.do(w.machine.Open(w.now, 3, childOf(t, false, "aes256gcm16")))
	w.do(w.machine.Drop(w.now, 3)) // while it is asked for
	w.run(time.Second)
	if len(w.peer.Children()) != 1 || len(w.ups(3)) != 0 {
		t.Errorf("the responder has %d children, events %+v; want the dropped one deleted", len(w.peer.Children()), w.events)
	}
	w.close()
	if len(w.peer.Children()) != 0 {
		t.Error("the responder keeps children after Close")
	}
}

// TestCloseEarly closes at each point: what the peer has is deleted.
func TestCloseEarly(t *testing.T) {
	t.Parallel()
	for n := range 8 {
		w := newWire(t, pfsOnly(t))
		w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16-ecp256")))
		w.run(time.Duration(n) * latency)
		w.close()
		if n > 2 && w.peer.Alive() != 0 { // before our second message the peer has half of one
			t.Errorf("after %d ms: the responder has %d associations, want none", n, w.peer.Alive())
		}
		if o := w.machine.Tick(w.now.Add(time.Hour)); len(o.Send)+len(o.Events) > 0 || !o.Next.IsZero() {
			t.Errorf("after %d ms: a closed machine wants %+v", n, o)
		}
	}
}
