package iketest

import (
	"bytes"
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// newChild answers CREATE_CHILD_SA for associations of ESP.
func (v *V2) newChild(a *v2SA, list []ike.Payload) []ike.Payload {
	if spi, ok := v2HasNotify(list, 16393); ok {
		found := false
		for _, c := range v.children {
			if len(spi) == 4 && c.Out.SPI == binary.BigEndian.Uint32(spi) {
				found = true
			}
		}
		if !found {
			return []ike.Payload{v2Notify(44)}
		}
	}
	ni := bytes.Clone(v2Find(list, 40))
	if len(ni) < 16 {
		v.problem("CREATE_CHILD_SA: nonce of %d bytes", len(ni))
		return []ike.Payload{v2Notify(7)}
	}
	nr := v.random(32)
	return v.child(a, list, ni, nr, true, v2Find(list, 34))
}

// child takes an offer for associations of ESP, and returns the payloads of the answer;
// one alone is an error.
func (v *V2) child(a *v2SA, list []ike.Payload, ni, nr []byte, create bool, ke []byte) []ike.Payload {
	_, transport := v2HasNotify(list, 16391)
	if transport == v.cfg.Tunnel {
		return []ike.Payload{v2Notify(14)}
	}
	tsi, tsr := v2Find(list, 44), v2Find(list, 45)
	if v2Width(tsi, tsr) < v.cfg.Narrowest {
		return []ike.Payload{v2Notify(38)}
	}
	for _, p := range v2Proposals(v2Find(list, 33)) {
		for _, s := range v.cfg.ESP {
			s.ESN = v.cfg.ESN
			if !p.has(v2ESPTransforms(s, create)) {
				continue
			}
			return v.chosenChild(a, s, p, ni, nr, create, ke, tsi, tsr)
		}
	}
	return []ike.Payload{v2Notify(14)}
}

// chosenChild answers with a choice, and derives the keys.
func (v *V2) chosenChild(a *v2SA, s ike.ESPSuite, p v2Proposal, ni, nr []byte, create bool, ke, tsi, tsr []byte) []ike.Payload {
	var shared []byte
	var out []ike.Payload
	spi := append([]byte{0xc0}, v.random(3)...)
	out = append(out, v2Answer(p.number, 3, spi, v2ESPTransforms(s, create)))
	if create {
		out = append(out, ike.Payload{Type: 40, Body: nr})
	} else {
		s.Group = 0
	}
	if s.Group != 0 {
		if len(ke) < 4 || binary.BigEndian.Uint16(ke) != uint16(s.Group) {
			return []ike.Payload{v2Notify(17, byte(s.Group>>8), byte(s.Group))}
		}
		key, err := ike.NewKeyPair(s.Group, v.cfg.Random)
		if err != nil {
			panic(err)
		}
		secret, err := key.Shared(ke[4:])
		if err != nil {
			v.problem("CREATE_CHILD_SA: %v", err)
			return []ike.Payload{v2Notify(7)}
		}
		shared = secret.Bytes()
		out = append(out, v2KE(key))
	}
	out = append(out, ike.Payload{Type: 44, Body: tsi}, ike.Payload{Type: 45, Body: tsr})
	if !v.cfg.Tunnel {
		out = append(out, v2Notify(16391))
	}
	in, o := v2ChildKeys(a, s, shared, ni, nr)
	v.children = append(v.children, &v2Child{tsi: bytes.Clone(tsi), tsr: bytes.Clone(tsr), Child: Child{
		Tunnel: v.cfg.Tunnel, Suite: s, Initiator: v2Endpoint(tsi), Portal: v2Endpoint(tsr),
		In:  ike.Association{SPI: binary.BigEndian.Uint32(spi), Key: ike.NewSecret(in)},
		Out: ike.Association{SPI: binary.BigEndian.Uint32(p.spi), Key: ike.NewSecret(o)},
	}})
	return out
}

// v2ChildKeys returns the keys from the initiator of an exchange, and those from its
// responder (RFC 7296, section 2.17).
func v2ChildKeys(a *v2SA, s ike.ESPSuite, shared, ni, nr []byte) (first, second []byte) {
	n := s.KeyLen()
	all := a.suite.PRF.PRFPlus(a.keys["d"], bytes.Join([][]byte{shared, ni, nr}, nil), 2*n)
	return all[:n], all[n:]
}

// v2Width returns how wide selectors are: 0 for one connection, 1 for the portal's port, 2
// for addresses.
func v2Width(tsi, tsr []byte) int {
	one := func(b []byte) bool {
		return len(b) >= 12 && b[5] == 6 && bytes.Equal(b[8:10], b[10:12])
	}
	switch {
	case one(tsi) && one(tsr):
		return 0
	case one(tsr):
		return 1
	}
	return 2
}
