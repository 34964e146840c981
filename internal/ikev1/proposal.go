package ikev1

import (
	"encoding/binary"
	"errors"

	"github.com/go-iscsi/discovery/internal/ike"
)

// Errors of payloads that break the rules.
var (
	errAttributes = errors.New("the attributes are too many, or wrong")
	errSA         = errors.New("the SA payload is wrong")
	errProposals  = errors.New("the SA payload has too many proposals or transforms")
	errIdentity   = errors.New("the identification payload is wrong")
	errNotify     = errors.New("the notify or delete payload is wrong")
)

// A proposal is one way to protect something (RFC 2408, section 3.5).
type proposal struct {
	number     uint8
	protocol   uint8
	spi        []byte
	transforms []transform
}

// A transform is a set of algorithms (RFC 2408, section 3.6).
type transform struct {
	number     uint8
	id         uint8
	attributes []attribute
}

// appendSA appends the body of an SA payload that has one proposal (RFC 2408, section
// 3.4).
func appendSA(b []byte, p proposal) []byte {
	var list []ike.Payload
	for _, t := range p.transforms {
		list = append(list, ike.Payload{Type: payloadTransform, Body: appendAttributes([]byte{t.number, t.id, 0, 0}, t.attributes)})
	}
	body := append([]byte{p.number, p.protocol, uint8(len(p.spi)), uint8(len(p.transforms))}, p.spi...)
	body = ike.AppendPayloads(body, list...)
	b = binary.BigEndian.AppendUint32(b, doiIPsec)
	b = binary.BigEndian.AppendUint32(b, identityOnly)
	return ike.AppendPayloads(b, ike.Payload{Type: payloadProposal, Body: body})
}

// parseSA reads the body of an SA payload.
func parseSA(b []byte) (list []proposal, err error) {
	if len(b) < 8 {
		return nil, ike.ErrTruncated
	}
	if binary.BigEndian.Uint32(b) != doiIPsec || binary.BigEndian.Uint32(b[4:]) != identityOnly {
		return nil, errSA
	}
	payloads, rest, err := ike.ParsePayloads(payloadProposal, b[8:])
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, ike.ErrLength
	}
	if len(payloads) > maxProposals {
		return nil, errProposals
	}
	for _, p := range payloads {
		if p.Type != payloadProposal {
			return nil, errSA
		}
		one, err := parseProposal(p.Body)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func parseProposal(b []byte) (p proposal, err error) {
	if len(b) < 4 || len(b) < 4+int(b[2]) {
		return p, ike.ErrTruncated
	}
	p.number, p.protocol = b[0], b[1]
	n := 4 + int(b[2])
	p.spi = b[4:n]
	payloads, rest, err := ike.ParsePayloads(payloadTransform, b[n:])
	if err != nil {
		return p, err
	}
	if len(rest) > 0 || len(payloads) != int(b[3]) {
		return p, errSA
	}
	if len(payloads) > maxTransforms {
		return p, errProposals
	}
	for _, t := range payloads {
		if t.Type != payloadTransform || len(t.Body) < 4 {
			return p, errSA
		}
		attributes, err := parseAttributes(t.Body[4:])
		if err != nil {
			return p, err
		}
		p.transforms = append(p.transforms, transform{t.Body[0], t.Body[1], attributes})
	}
	return p, nil
}

// parseAnswer reads the body of an SA payload that answers an offer: it has one proposal
// with one transform.
func parseAnswer(b []byte, protocol uint8) (p proposal, t transform, err error) {
	list, err := parseSA(b)
	if err != nil {
		return p, t, err
	}
	if len(list) != 1 || len(list[0].transforms) != 1 || list[0].protocol != protocol {
		return p, t, errSA
	}
	return list[0], list[0].transforms[0], nil
}
