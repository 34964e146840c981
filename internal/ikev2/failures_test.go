package ikev2

import (
	"net/netip"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// without returns an answer without its notifies of a type, or its payloads of one.
func without(list []ike.Payload, kind uint8, notify uint16) []ike.Payload {
	var out []ike.Payload
	for _, p := range list {
		if p.Type == kind && (kind != payloadNotify || uint16(p.Body[2])<<8|uint16(p.Body[3]) == notify) {
			continue
		}
		out = append(out, p)
	}
	return out
}

// change returns a hook that changes the answers of one exchange.
func change(exchange uint8, f func([]ike.Payload) []ike.Payload) func(uint8, []ike.Payload) []ike.Payload {
	return func(e uint8, list []ike.Payload) []ike.Payload {
		if e == exchange {
			return f(list)
		}
		return list
	}
}

// body returns a hook's change of the body of one payload.
func body(kind uint8, f func([]byte) []byte) func([]ike.Payload) []ike.Payload {
	return func(list []ike.Payload) []ike.Payload {
		for i, p := range list {
			if p.Type == kind {
				list[i].Body = f(append([]byte(nil), p.Body...))
			}
		}
		return list
	}
}

func flip(b []byte) []byte { b[len(b)-1] ^= 1; return b }

// A failing is a peer with which a negotiation fails.
type failing struct {
	name   string
	peer   func(*iketest.V2Config)
	cause  ike.Cause
	step   string
	notify uint16
	auth   bool          // the notify is authenticated
	after  time.Duration // no sooner
	tunnel bool
	esp    string
}

func remove(exchange, kind uint8, notify uint16) func(uint8, []ike.Payload) []ike.Payload {
	return change(exchange, func(l []ike.Payload) []ike.Payload { return without(l, kind, notify) })
}

var failings = []failing{
	{name: "no proposal for IKE", peer: func(v *iketest.V2Config) { v.Suites = nil }, cause: ike.NoIKEProposal, step: stepInit, notify: 14, after: grace},
	{name: "a group that is not offered", peer: func(v *iketest.V2Config) { v.WantGroup = ike.MODP4096 }, cause: ike.NoIKEProposal, step: stepInit, notify: 17, after: grace},
	{name: "invalid major version", peer: func(v *iketest.V2Config) { v.Refuse = map[uint8]int{34: 5} }, cause: ike.SpeaksIKEv1, step: stepInit, notify: 5, after: grace},
	{name: "an answer of version 1", peer: func(v *iketest.V2Config) { v.Version1 = true }, cause: ike.SpeaksIKEv1, step: stepInit, after: grace},
	{name: "no NAT detection", peer: func(v *iketest.V2Config) { v.Answer = remove(34, payloadNotify, 16388) }, cause: ike.NoNATT, step: stepInit, after: grace},
	{name: "no KE", peer: func(v *iketest.V2Config) { v.Answer = remove(34, payloadKE, 0) }, cause: ike.Malformed, step: stepInit, after: grace},
	{name: "no nonce", peer: func(v *iketest.V2Config) { v.Answer = remove(34, payloadNonce, 0) }, cause: ike.Malformed, step: stepInit, after: grace},
	{name: "a wrong point", peer: func(v *iketest.V2Config) { v.Answer = change(34, body(payloadKE, flip)) }, cause: ike.Malformed, step: stepInit, after: grace},
	{name: "another proposal", peer: func(v *iketest.V2Config) {
		v.Answer = change(34, body(payloadSA, func(b []byte) []byte { b[4] = 9; return b }))
	}, cause: ike.Malformed, step: stepInit, after: grace},
	{name: "another key", peer: func(v *iketest.V2Config) { v.PSK = []byte("another") }, cause: ike.KeyOrIdentity, step: stepAuth, notify: 24, auth: true},
	{name: "another identity of ours", peer: func(v *iketest.V2Config) { v.Client = ike.ParseIdentity("else.example") }, cause: ike.KeyOrIdentity, step: stepAuth, notify: 24, auth: true},
	{name: "a wrong AUTH", peer: func(v *iketest.V2Config) { v.Answer = change(35, body(payloadAuth, flip)) }, cause: ike.OtherKey, step: stepAuth},
	{name: "another identity", peer: func(v *iketest.V2Config) { v.ID = ike.ParseIdentity("other.example") }, cause: ike.OtherIdentity, step: stepAuth, auth: true},
	{name: "no identity", peer: func(v *iketest.V2Config) { v.Answer = remove(35, payloadIDr, 0) }, cause: ike.Malformed, step: stepAuth},
	{name: "refused for another reason", peer: func(v *iketest.V2Config) { v.Refuse = map[uint8]int{35: 7} }, cause: ike.Refused, step: stepAuth, notify: 7, auth: true},
	{name: "no proposal for ESP", peer: func(v *iketest.V2Config) { v.ESP = nil }, cause: ike.NoESPProposal, step: stepAuth, notify: 14, auth: true},
	{name: "no proposal for ESP, and no AUTH", peer: func(v *iketest.V2Config) { v.ESP, v.Bare = nil, true }, cause: ike.NoESPProposal, step: stepAuth, notify: 14, auth: true},
	{name: "no perfect forward secrecy", peer: func(v *iketest.V2Config) {}, esp: "aes256gcm16-modp2048", cause: ike.NoESPProposal, step: stepChild, notify: 14, auth: true},
	{name: "selectors", peer: func(v *iketest.V2Config) { v.Narrowest = 3 }, cause: ike.Selectors, step: stepChild, notify: 38, auth: true},
	{name: "selectors, and no AUTH", peer: func(v *iketest.V2Config) { v.Narrowest, v.Bare = 3, true }, cause: ike.Selectors, step: stepAuth, notify: 38, auth: true},
	{name: "other selectors", peer: func(v *iketest.V2Config) { v.Answer = change(35, body(payloadTSr, flip)) }, tunnel: true, cause: ike.Selectors, step: stepAuth, auth: true},
	{name: "other ports", peer: func(v *iketest.V2Config) {
		v.Answer = change(35, body(payloadTSi, func(b []byte) []byte { b[9]++; b[11]++; return b }))
	}, cause: ike.Selectors, step: stepAuth, auth: true},
	{name: "wider selectors than addresses", peer: func(v *iketest.V2Config) { v.Answer = answerSelectors(levelAddresses, 1) }, tunnel: true, cause: ike.Selectors, step: stepAuth, auth: true},
	{name: "tunnel for transport", peer: func(v *iketest.V2Config) { v.Answer = remove(35, payloadNotify, 16391) }, cause: ike.Selectors, step: stepAuth, auth: true},
	{name: "transport for tunnel", peer: func(v *iketest.V2Config) {
		v.Answer = change(35, func(l []ike.Payload) []ike.Payload { return append(l, notify{kind: 16391}.payload()) })
	}, tunnel: true, cause: ike.Selectors, step: stepAuth, auth: true},
	{name: "an SPI of zero", peer: func(v *iketest.V2Config) {
		v.Answer = change(35, body(payloadSA, func(b []byte) []byte { clear(b[8:12]); return b }))
	}, cause: ike.Malformed, step: stepAuth, auth: true},
	{name: "an unknown critical payload", peer: func(v *iketest.V2Config) {
		v.Answer = change(35, func(l []ike.Payload) []ike.Payload { return append(l, ike.Payload{Type: 200, Critical: true}) })
	}, cause: ike.Malformed, step: stepAuth},
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range failings {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, func(_ *ike.Config, v *iketest.V2Config) { v.Tunnel = tt.tunnel; tt.peer(v) })
			esp := tt.esp
			if esp == "" {
				esp = "aes256gcm16"
			}
			w.do(w.machine.Open(w.now, 1, childOf(t, tt.tunnel, esp)))
			w.run(tt.after)
			if len(w.events) != 0 && tt.after > 0 {
				t.Fatalf("it gave up before %v: %+v", tt.after, w.events)
			}
			w.run(time.Second)
			f := w.failure(1)
			if f.Cause != tt.cause || f.Step != tt.step || f.Notify != tt.notify || f.Authenticated != tt.auth {
				t.Errorf("got %+v, want %+v", f, tt)
			}
			if tt.cause == ike.OtherIdentity && f.Got.String() != "other.example" {
				t.Errorf("got the identity %v", f.Got)
			}
			if r := w.machine.Reason(1); r != f {
				t.Errorf("the reason is %v, want %v", r, f)
			}
			if len(w.ups(1)) != 0 {
				t.Error("it came up")
			}
			w.close()
			if w.peer.Alive() != 0 && tt.step != stepInit && tt.notify != 24 && tt.notify != 7 {
				t.Error("the responder keeps the security association")
			}
		})
	}
}

// TestStopped has a peer that stops in a step.
func TestStopped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		n    int // datagrams that pass
		want ike.Failure
	}{
		{"silent", 0, ike.Failure{Cause: ike.Silent, Step: stepInit}},
		{"IKE_AUTH", 2, ike.Failure{Cause: ike.Stopped, Step: stepAuth}},
		{"CREATE_CHILD_SA", 4, ike.Failure{Cause: ike.Stopped, Step: stepChild}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, pfsOnly(t))
			w.carry = func(i int, f flight) []flight {
				if i < tt.n {
					return []flight{f}
				}
				return nil
			}
			w.open(1, childOf(t, false, "aes256gcm16-ecp256"))
			w.run(10 * time.Second)
			f := w.machine.Reason(1)
			if f == nil || f.Cause != tt.want.Cause || f.Step != tt.want.Step {
				t.Errorf("got %+v, want %+v", f, tt.want)
			}
			if w.down(1) != nil || len(w.ups(1)) > 0 {
				t.Errorf("got %+v, want nothing: the caller's time decides", w.events)
			}
		})
	}
}

// answerSelectors returns a hook that has the peer answer each request for a child by the
// same selectors, the last address of which is that many further.
func answerSelectors(level, further int) func(uint8, []ike.Payload) []ike.Payload {
	return func(_ uint8, list []ike.Payload) []ike.Payload {
		for i, p := range list {
			if p.Type == payloadTSi || p.Type == payloadTSr {
				found, err := parseSelectors(p.Body)
				if err != nil {
					panic(err)
				}
				own := found[0]
				_, wide := selectors(ike.Child{Local: netip.AddrPortFrom(own.addrLow, 0), Portal: netip.AddrPortFrom(own.addrLow, 0)}, level)
				for range further {
					wide.addrHigh = wide.addrHigh.Next()
				}
				list[i].Body = appendSelectors(nil, wide)
			}
		}
		return list
	}
}

// TestSelectors has peers that refuse selectors that are too narrow for them, or answer by
// wider ones.
func TestSelectors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		narrowest int
		bare, pfs bool
		answer    func(uint8, []ike.Payload) []ike.Payload
		wide      bool
	}{
		{name: "exact"},
		{name: "port", narrowest: 1, wide: true},
		{name: "addresses", narrowest: 2, wide: true},
		{name: "port, without AUTH", narrowest: 1, bare: true, wide: true},
		{name: "addresses, without AUTH", narrowest: 2, bare: true, wide: true},
		{name: "addresses, perfect forward secrecy", narrowest: 2, pfs: true, wide: true},
		{name: "addresses in answer to exact ones", answer: answerSelectors(levelAddresses, 0), wide: true},
		{name: "addresses in answer to exact ones, perfect forward secrecy", answer: answerSelectors(levelAddresses, 0), pfs: true, wide: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			esp := "aes256gcm16"
			if tt.pfs {
				esp = "aes256gcm16-ecp256"
			}
			w := newWire(t, func(_ *ike.Config, v *iketest.V2Config) {
				v.Narrowest, v.Bare, v.ESP, v.Answer = tt.narrowest, tt.bare, []ike.ESPSuite{espSuite(t, esp)}, tt.answer
			})
			w.open(1, childOf(t, false, esp))
			up := w.wantUp(1, 1)
			if up.Wide != tt.wide {
				t.Errorf("got wide %t, want %t", up.Wide, tt.wide)
			}
			w.do(w.machine.Rekey(w.now, 1))
			w.run(time.Second)
			if up = w.wantUp(1, 2); up.Wide != tt.wide {
				t.Errorf("got wide %t after a rekey, want %t", up.Wide, tt.wide)
			}
			w.close()
		})
	}
}
