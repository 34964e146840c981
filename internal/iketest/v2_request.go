package iketest

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// Ask sends a request of the responder's own, and remembers what answered is called with.
func (v *V2) Ask(exchange uint8, answered func(now time.Time, list []ike.Payload), list ...ike.Payload) []ike.Datagram {
	return v.ask(v.current(), exchange, answered, list...)
}

func (v *V2) ask(a *v2SA, exchange uint8, answered func(now time.Time, list []ike.Payload), list ...ike.Payload) []ike.Datagram {
	if answered == nil {
		answered = func(time.Time, []ike.Payload) {}
	}
	data := a.seal(v.cfg.Random, exchange, a.out, false, list)
	a.pending = &v2Request{id: a.out, data: data, answered: answered}
	a.out++
	return []ike.Datagram{{Port: ike.NATTPort, Data: data}}
}

// DeleteChild sends the Delete of a child, by its place.
func (v *V2) DeleteChild(i int) []ike.Datagram {
	c := v.children[i]
	v.children = slices.Delete(v.children, i, i+1)
	return v.Ask(37, nil, ike.Payload{Type: 42, Body: binary.BigEndian.AppendUint32([]byte{3, 4, 0, 1}, c.In.SPI)})
}

// DeleteIKE sends the Delete of an IKE security association, by its age.
func (v *V2) DeleteIKE(i int) []ike.Datagram {
	a := v.sas[i]
	return v.ask(a, 37, func(time.Time, []ike.Payload) { v.drop(a) }, ike.Payload{Type: 42, Body: []byte{1, 0, 0, 0}})
}

// RekeyChild sends a rekey of a child, by its place.
func (v *V2) RekeyChild(i int) []ike.Datagram {
	a, c := v.current(), v.children[i]
	s, ni, spi := c.Suite, v.random(32), append([]byte{0xc0}, v.random(3)...)
	list := []ike.Payload{
		{Type: 41, Body: binary.BigEndian.AppendUint32([]byte{3, 4, 0x40, 9}, c.In.SPI)},
		v2Answer(1, 3, spi, v2ESPTransforms(s, true)),
		{Type: 40, Body: ni},
	}
	var key *ike.KeyPair
	if s.Group != 0 {
		key, _ = ike.NewKeyPair(s.Group, v.cfg.Random)
		list = append(list, v2KE(key))
	}
	list = append(list, ike.Payload{Type: 44, Body: c.tsr}, ike.Payload{Type: 45, Body: c.tsi})
	if !c.Tunnel {
		list = append(list, v2Notify(16391))
	}
	return v.ask(a, 36, func(_ time.Time, answer []ike.Payload) {
		sa := v2Proposals(v2Find(answer, 33))
		if len(sa) != 1 {
			return
		}
		var shared []byte
		if key != nil {
			secret, err := key.Shared(v2Find(answer, 34)[4:])
			if err != nil {
				v.problem("answer to a rekey: %v", err)
				return
			}
			shared = secret.Bytes()
		}
		o, in := v2ChildKeys(a, s, shared, ni, v2Find(answer, 40))
		v.children = append(v.children, &v2Child{tsi: bytes.Clone(c.tsi), tsr: bytes.Clone(c.tsr), Child: Child{
			Tunnel: c.Tunnel, Suite: s, Initiator: c.Initiator, Portal: c.Portal,
			In:  ike.Association{SPI: binary.BigEndian.Uint32(spi), Key: ike.NewSecret(in)},
			Out: ike.Association{SPI: binary.BigEndian.Uint32(sa[0].spi), Key: ike.NewSecret(o)},
		}})
	}, list...)
}

// RekeyIKE sends a rekey of the IKE security association.
func (v *V2) RekeyIKE() []ike.Datagram {
	a := v.current()
	ni := v.random(32)
	spi := ike.SPI(v.random(8))
	key, _ := ike.NewKeyPair(a.suite.Group, v.cfg.Random)
	return v.ask(a, 36, func(_ time.Time, answer []ike.Payload) {
		sa := v2Proposals(v2Find(answer, 33))
		if len(sa) != 1 {
			return
		}
		shared, err := key.Shared(v2Find(answer, 34)[4:])
		if err != nil {
			v.problem("answer to a rekey: %v", err)
			return
		}
		nr := bytes.Clone(v2Find(answer, 40))
		n := &v2SA{first: spi, second: ike.SPI(sa[0].spi), suite: a.suite}
		n.keys = v2Derive(a.suite, a.suite.PRF.PRF(a.keys["d"], shared.Bytes(), ni, nr), ni, nr, n.first, n.second)
		v.sas = append(v.sas, n)
	}, v2Answer(1, 1, spi[:], v2SuiteTransforms(a.suite)), ike.Payload{Type: 40, Body: ni}, v2KE(key))
}

// rekeyed answers the initiator's rekey of the IKE security association.
func (v *V2) rekeyed(a *v2SA, list []ike.Payload) ([]ike.Payload, func()) {
	ke := v2Find(list, 34)
	for _, p := range v2Proposals(v2Find(list, 33)) {
		for _, s := range v.cfg.Suites {
			if len(ke) < 4 || binary.BigEndian.Uint16(ke) != uint16(s.Group) || !p.has(v2SuiteTransforms(s)) {
				continue
			}
			key, _ := ike.NewKeyPair(s.Group, v.cfg.Random)
			shared, err := key.Shared(ke[4:])
			if err != nil {
				v.problem("rekey: %v", err)
				return []ike.Payload{v2Notify(7)}, func() {}
			}
			ni, nr := bytes.Clone(v2Find(list, 40)), v.random(32)
			n := &v2SA{first: ike.SPI(p.spi), second: ike.SPI(v.random(8)), peerFirst: true, suite: s}
			n.keys = v2Derive(s, a.suite.PRF.PRF(a.keys["d"], shared.Bytes(), ni, nr), ni, nr, n.first, n.second)
			return []ike.Payload{v2Answer(p.number, 1, n.second[:], v2SuiteTransforms(s)), {Type: 40, Body: nr}, v2KE(key)},
				func() { v.sas = append(v.sas, n) }
		}
	}
	return []ike.Payload{v2Notify(14)}, func() {}
}

// Busy reports whether a request of the responder's has no answer yet.
func (v *V2) Busy() bool {
	return slices.ContainsFunc(v.sas, func(a *v2SA) bool { return a.pending != nil })
}

// DeleteOthers sends the Delete of the oldest IKE security association that is not keep,
// by the responder's SPI.
func (v *V2) DeleteOthers(keep ike.SPI) []ike.Datagram {
	return v.DeleteIKE(slices.IndexFunc(v.sas, func(a *v2SA) bool { return a.first != keep && a.second != keep }))
}
