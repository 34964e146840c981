package ikev1

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"

	"github.com/go-iscsi/discovery/internal/ike"
)

var (
	errNotOffered = errors.New("the answer is not one of those offered")
	errEncrypted  = errors.New("the encrypted part is no whole number of blocks")
	errPlain      = errors.New("the message cannot be decrypted")
)

// appendClear returns a message that is not encrypted.
func appendClear(h ike.Header, list ...ike.Payload) []byte {
	body := ike.AppendPayloads(nil, list...)
	h.Next, h.Length = list[0].Type, uint32(ike.HeaderLen+len(body))
	b, _ := h.AppendBinary(make([]byte, 0, h.Length)) // never fails
	return append(b, body...)
}

// seal returns an encrypted message, and its last block, which is the next initialization
// vector. It is padded with zeros.
func seal(h ike.Header, block cipher.Block, iv []byte, list ...ike.Payload) (message, next []byte) {
	body := ike.AppendPayloads(nil, list...)
	n := block.BlockSize()
	body = append(body, make([]byte, (n-len(body)%n)%n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(body, body)
	h.Next, h.Flags, h.Length = list[0].Type, h.Flags|flagEncrypted, uint32(ike.HeaderLen+len(body))
	b, _ := h.AppendBinary(make([]byte, 0, h.Length)) // never fails
	return append(b, body...), body[len(body)-n:]
}

// open decrypts the body of a message. chain are the payloads without the padding; next is
// the initialization vector of the message that follows. Nothing authenticates them yet.
func open(first uint8, body []byte, block cipher.Block, iv []byte) (chain, next []byte, list []ike.Payload, err error) {
	n := block.BlockSize()
	if len(body) == 0 || len(body)%n != 0 {
		return nil, nil, nil, errEncrypted
	}
	plain := make([]byte, len(body))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, body)
	list, rest, err := ike.ParsePayloads(first, plain)
	if err != nil || len(list) == 0 {
		return nil, nil, nil, errPlain
	}
	return plain[:len(plain)-len(rest)], append([]byte(nil), body[len(body)-n:]...), list, nil
}

// appendID returns a message ID as it is in a header.
func appendID(id uint32) []byte { return binary.BigEndian.AppendUint32(nil, id) }

// payloadsOf are the payloads of a message, sorted by what is allowed to come.
type payloadsOf struct {
	sa, ke, nonce, hash []byte
	ids, natd, vendors  [][]byte
	notifies, deletes   [][]byte
}

var errTwice = errors.New("the message has a payload too often")

// sortPayloads sorts payloads by their types. A payload that may come once and comes twice
// is an error; types that are not known are left out.
func sortPayloads(list []ike.Payload) (p payloadsOf, err error) {
	for _, l := range list {
		if one := p.oneOf(l.Type); one != nil {
			if *one != nil {
				return p, errTwice
			}
			*one = l.Body
			continue
		}
		many, limit := p.listOf(l.Type)
		if many == nil {
			continue
		}
		if len(*many) == limit {
			return p, errTwice
		}
		*many = append(*many, l.Body)
	}
	return p, nil
}

func (p *payloadsOf) oneOf(kind uint8) *[]byte {
	switch kind {
	case payloadSA:
		return &p.sa
	case payloadKE:
		return &p.ke
	case payloadNonce:
		return &p.nonce
	case payloadHash:
		return &p.hash
	}
	return nil
}

func (p *payloadsOf) listOf(kind uint8) (list *[][]byte, limit int) {
	switch kind {
	case payloadID:
		return &p.ids, 2
	case payloadNATD:
		return &p.natd, maxNATD
	case payloadVendor:
		return &p.vendors, maxVendors
	case payloadNotify:
		return &p.notifies, ike.MaxPayloads
	case payloadDelete:
		return &p.deletes, ike.MaxPayloads
	}
	return nil, 0
}
