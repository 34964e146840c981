package iketest

import (
	"bytes"
	"crypto/hmac"
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A v2Init is what IKE_SA_INIT left for IKE_AUTH, and its answer.
type v2Init struct {
	request, answer []byte
	ni, nr          []byte
	cookies         int
	cookie          []byte
}

// receiveInit answers IKE_SA_INIT. A repeated request gets the same bytes.
func (v *V2) receiveInit(h ike.Header, m []byte) []byte {
	if v.init == nil || v.init.answer != nil && !bytes.Equal(v.init.request, m) {
		v.init = &v2Init{}
		v.sas = nil
	}
	s := v.init
	if s.answer != nil {
		return s.answer
	}
	list, _, err := ike.ParsePayloads(h.Next, m[28:])
	if err != nil {
		v.problem("IKE_SA_INIT: %v", err)
		return nil
	}
	v.auditPayloads(34, list)
	clear := func(spi ike.SPI, list ...ike.Payload) []byte {
		if v.cfg.Answer != nil {
			list = v.cfg.Answer(34, list)
		}
		body := ike.AppendPayloads(nil, list...)
		next := uint8(0)
		if len(list) > 0 {
			next = list[0].Type
		}
		o := ike.Header{Initiator: h.Initiator, Responder: spi, Next: next, Version: 0x20, Exchange: 34, Flags: 0x20, Length: uint32(28 + len(body))}
		b, _ := o.AppendBinary(nil)
		return append(b, body...)
	}
	switch kind := v.cfg.Refuse[34]; {
	case v.cfg.Version1:
		o := ike.Header{Initiator: h.Initiator, Responder: ike.SPI(v.random(8)), Next: 11, Version: 0x10, Exchange: 5, Length: 28 + 12}
		b, _ := o.AppendBinary(nil)
		return append(b, 0, 0, 0, 12, 0, 0, 0, 1, 1, 0, 0, 5)
	case kind != 0:
		return clear(ike.SPI{}, v2Notify(uint16(kind)))
	}
	if got, _ := v2HasNotify(list, 16390); s.cookies < v.cfg.Cookies || s.cookie != nil && !bytes.Equal(got, s.cookie) {
		if s.cookie == nil || bytes.Equal(got, s.cookie) {
			s.cookie = v.random(64)
			s.cookies++
		}
		return clear(ike.SPI{}, v2Notify(16390, s.cookie...))
	}
	ke := v2Find(list, 34)
	group := ike.Group(binary.BigEndian.Uint16(ke))
	if v.cfg.WantGroup != 0 && group != v.cfg.WantGroup {
		return clear(ike.SPI{}, v2Notify(17, byte(v.cfg.WantGroup>>8), byte(v.cfg.WantGroup)))
	}
	for _, p := range v2Proposals(v2Find(list, 33)) {
		for _, suite := range v.cfg.Suites {
			if suite.Group == group && p.has(v2SuiteTransforms(suite)) {
				return v.initChosen(h, m, list, suite, p, clear)
			}
		}
	}
	return clear(ike.SPI{}, v2Notify(14))
}

// initChosen answers with a choice, and derives the keys.
func (v *V2) initChosen(h ike.Header, m []byte, list []ike.Payload, suite ike.Suite, p v2Proposal, clear func(ike.SPI, ...ike.Payload) []byte) []byte {
	s := v.init
	key, err := ike.NewKeyPair(suite.Group, v.cfg.Random)
	if err != nil {
		panic(err)
	}
	shared, err := key.Shared(v2Find(list, 34)[4:])
	if err != nil {
		v.problem("IKE_SA_INIT: %v", err)
		return nil
	}
	s.ni, s.nr = bytes.Clone(v2Find(list, 40)), v.random(32)
	a := &v2SA{first: h.Initiator, second: ike.SPI(v.random(8)), peerFirst: true, suite: suite, in: 1}
	a.keys = v2Derive(suite, suite.PRF.PRF(append(bytes.Clone(s.ni), s.nr...), shared.Bytes()), s.ni, s.nr, a.first, a.second)
	v.sas = append(v.sas, a)
	s.request = bytes.Clone(m)
	s.answer = clear(a.second, v2Answer(p.number, 1, nil, v2SuiteTransforms(suite)), v2KE(key), ike.Payload{Type: 40, Body: s.nr},
		v2Notify(16388, v.random(20)...), v2Notify(16389, v.random(20)...))
	return s.answer
}

func v2KE(key *ike.KeyPair) ike.Payload {
	return ike.Payload{Type: 34, Body: append([]byte{byte(key.Group >> 8), byte(key.Group), 0, 0}, key.Public...)}
}

// authenticate answers IKE_AUTH.
func (v *V2) authenticate(a *v2SA, list []ike.Payload) []ike.Payload {
	s, prf := v.init, a.suite.PRF
	auth := func(message, nonce []byte, key string, id []byte) []byte {
		return prf.PRF(prf.PRF(v.cfg.PSK, []byte("Key Pad for IKEv2")), message, nonce, prf.PRF(a.keys[key], id))
	}
	id, got := v2Find(list, 35), v2Find(list, 39)
	if len(id) < 4 || len(got) < 4 || got[0] != 2 {
		v.problem("IKE_AUTH: no identity, or no AUTH of a preshared key")
		return []ike.Payload{v2Notify(7)}
	}
	client := ike.Identity{Type: ike.IDType(id[0]), Data: id[4:]}
	if !hmac.Equal(got[4:], auth(s.request, s.nr, "pi", id)) || v.cfg.Client.Type != 0 && !client.Equal(v.cfg.Client) {
		return []ike.Payload{v2Notify(24)}
	}
	mine := append([]byte{byte(v.cfg.ID.Type), 0, 0, 0}, v.cfg.ID.Data...)
	out := []ike.Payload{{Type: 36, Body: mine}, {Type: 39, Body: append([]byte{2, 0, 0, 0}, auth(s.answer, s.ni, "pr", mine)...)}}
	child := v.child(a, list, s.ni, s.nr, false, nil)
	if len(child) == 1 && v.cfg.Bare {
		v.drop(a)
		return child
	}
	return append(out, child...)
}
