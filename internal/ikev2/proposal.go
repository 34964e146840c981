package ikev2

import (
	"encoding/binary"
	"errors"
)

// A transform is one algorithm of a proposal (RFC 7296, section 3.3.2).
type transform struct {
	kind uint8
	id   uint16
	bits int // the key length; 0: without the attribute
}

// A proposal is one choice in an SA payload (RFC 7296, section 3.3.1).
type proposal struct {
	number     uint8
	protocol   uint8
	spi        []byte
	transforms []transform
}

const (
	proposalHeaderLen  = 8
	transformHeaderLen = 8
	attributeLen       = 4
)

var errProposal = errors.New("the SA payload is malformed")

// appendProposals appends the body of an SA payload to b.
func appendProposals(b []byte, list ...proposal) []byte {
	for i, p := range list {
		last := byte(2)
		if i+1 == len(list) {
			last = 0
		}
		start := len(b)
		b = append(b, last, 0, 0, 0, p.number, p.protocol, byte(len(p.spi)), byte(len(p.transforms)))
		b = append(b, p.spi...)
		for j, t := range p.transforms {
			b = t.append(b, j+1 == len(p.transforms))
		}
		binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	}
	return b
}

func (t transform) append(b []byte, last bool) []byte {
	more, n := byte(3), transformHeaderLen
	if last {
		more = 0
	}
	if t.bits != 0 {
		n += attributeLen
	}
	b = append(b, more, 0, 0, byte(n), t.kind, 0)
	b = binary.BigEndian.AppendUint16(b, t.id)
	if t.bits != 0 {
		b = binary.BigEndian.AppendUint16(b, attributeKeyLen)
		b = binary.BigEndian.AppendUint16(b, uint16(t.bits))
	}
	return b
}

// parseProposals reads the body of an SA payload with at most limit proposals.
func parseProposals(b []byte, limit int) ([]proposal, error) {
	var list []proposal
	for more := byte(2); more != 0; {
		if len(b) < proposalHeaderLen || len(list) == limit {
			return nil, errProposal
		}
		more = b[0]
		n := int(binary.BigEndian.Uint16(b[2:]))
		spiLen, count := int(b[6]), int(b[7])
		if (more != 0 && more != 2) || n < proposalHeaderLen+spiLen || n > len(b) {
			return nil, errProposal
		}
		p := proposal{number: b[4], protocol: b[5], spi: b[proposalHeaderLen : proposalHeaderLen+spiLen]}
		var err error
		if p.transforms, err = parseTransforms(b[proposalHeaderLen+spiLen:n], count); err != nil {
			return nil, err
		}
		list, b = append(list, p), b[n:]
	}
	if len(b) != 0 {
		return nil, errProposal
	}
	return list, nil
}

// parseTransforms reads the transforms of a proposal. One with an attribute that is not
// known is left out: it cannot be chosen (RFC 7296, section 3.3.6).
func parseTransforms(b []byte, count int) ([]transform, error) {
	var list []transform
	seen := 0
	for more := byte(3); more != 0; seen++ {
		if len(b) < transformHeaderLen || seen == min(count, maxTransforms) {
			return nil, errProposal
		}
		more = b[0]
		n := int(binary.BigEndian.Uint16(b[2:]))
		if (more != 0 && more != 3) || n < transformHeaderLen || n > len(b) {
			return nil, errProposal
		}
		t := transform{kind: b[4], id: binary.BigEndian.Uint16(b[6:])}
		switch attributes := b[transformHeaderLen:n]; {
		case len(attributes) == 0:
			list = append(list, t)
		case len(attributes) == attributeLen && binary.BigEndian.Uint16(attributes) == attributeKeyLen:
			t.bits = int(binary.BigEndian.Uint16(attributes[2:]))
			list = append(list, t)
		}
		b = b[n:]
	}
	if len(b) != 0 || seen != count {
		return nil, errProposal
	}
	return list, nil
}
