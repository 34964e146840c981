package ikev2

import (
	"encoding/binary"
	"errors"

	"github.com/go-iscsi/discovery/internal/ike"
)

// contents are the payloads of a message, read. What is not there is nil. Bytes are parts
// of the message.
type contents struct {
	offers    []proposal
	group     ike.Group
	public    []byte // of the KE payload
	nonce     []byte
	peer      *ike.Identity // of IDr, or IDi
	peerBody  []byte        // the payload that it is from
	auth      []byte        // of the method authSharedKey
	tsi, tsr  []selector
	notifies  []notify
	deletions []deletion
}

var (
	errTwice = errors.New("a payload occurs twice")
	errKE    = errors.New("the KE payload is malformed")
	errNonce = errors.New("the length of the nonce is wrong")
	errID    = errors.New("the identity is malformed")
	errAuth  = errors.New("the AUTH payload is malformed, or not of a preshared key")
)

// A criticalError is a payload that is not known, and that must not be ignored (RFC 7296,
// section 2.5).
type criticalError struct{ kind uint8 }

func (e *criticalError) Error() string { return "the peer sent a critical payload that is not known" }

// readContents reads payloads. maxOffers bounds the proposals of an SA payload: 1 in an
// answer.
func readContents(list []ike.Payload, maxOffers int) (*contents, error) {
	c := &contents{}
	var seen [256]bool
	for _, p := range list {
		if p.Type < firstPayload || p.Type > lastPayload {
			if p.Critical {
				return nil, &criticalError{kind: p.Type}
			}
			continue
		}
		switch p.Type {
		case payloadSA, payloadKE, payloadNonce, payloadIDi, payloadIDr, payloadAuth, payloadTSi, payloadTSr:
			if seen[p.Type] {
				return nil, errTwice
			}
			seen[p.Type] = true
		}
		if err := c.read(p, maxOffers); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *contents) read(p ike.Payload, maxOffers int) (err error) {
	b := p.Body
	switch p.Type {
	case payloadSA:
		c.offers, err = parseProposals(b, maxOffers)
	case payloadKE:
		if len(b) < 4 {
			return errKE
		}
		c.group, c.public = ike.Group(binary.BigEndian.Uint16(b)), b[4:]
	case payloadNonce:
		if len(b) < minNonceLen || len(b) > maxNonceLen {
			return errNonce
		}
		c.nonce = b
	case payloadIDi, payloadIDr:
		if len(b) < 4 {
			return errID
		}
		c.peer, c.peerBody = &ike.Identity{Type: ike.IDType(b[0]), Data: b[4:]}, b
	case payloadAuth:
		if len(b) < 4 || b[0] != authSharedKey {
			return errAuth
		}
		c.auth = b[4:]
	case payloadTSi:
		c.tsi, err = parseSelectors(b)
	case payloadTSr:
		c.tsr, err = parseSelectors(b)
	case payloadNotify:
		var n notify
		n, err = parseNotify(b)
		c.notifies = append(c.notifies, n)
	case payloadDelete:
		var d deletion
		d, err = parseDelete(b)
		c.deletions = append(c.deletions, d)
	}
	return err
}

// notify returns the first notify of a type, or nil.
func (c *contents) notify(kind uint16) *notify {
	for i := range c.notifies {
		if c.notifies[i].kind == kind {
			return &c.notifies[i]
		}
	}
	return nil
}

// failure returns the first notify that is an error, or nil.
func (c *contents) failure() *notify {
	for i := range c.notifies {
		if c.notifies[i].kind < notifyStatus {
			return &c.notifies[i]
		}
	}
	return nil
}

func kePayload(k *ike.KeyPair) ike.Payload {
	b := binary.BigEndian.AppendUint16(nil, uint16(k.Group))
	return ike.Payload{Type: payloadKE, Body: append(append(b, 0, 0), k.Public...)}
}

func idPayload(kind uint8, id ike.Identity) ike.Payload {
	return ike.Payload{Type: kind, Body: append([]byte{byte(id.Type), 0, 0, 0}, id.Data...)}
}

func saPayload(list ...proposal) ike.Payload {
	return ike.Payload{Type: payloadSA, Body: appendProposals(nil, list...)}
}
