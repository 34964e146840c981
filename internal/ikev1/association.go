package ikev1

import (
	"crypto/cipher"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// An association is one IKE security association, from its first message on.
type association struct {
	initiator, responder ike.SPI
	port                 uint16 // of the peer
	suite                ike.Suite
	keys                 keys
	block                cipher.Block
	iv                   []byte // of the next message of phase 1; after it the root of those of phase 2
	ids                  messageIDs
	renewAt, endAt       time.Time
	renewing             bool       // another one was begun, to replace it
	quickAt              time.Time  // not before that a Quick Mode begins
	handshake            *handshake // nil: established
	unclear              int        // refusals of Quick Modes that may still come, and are not of one that is open
	last                 last       // of the phase 1 that is done
}

// A last is the last message of an exchange that has no answer. It goes out again where
// the peer repeats the message before it.
type last struct {
	data   []byte
	answer [sha256.Size]byte // hash of the message that it answers
	count  int
}

// maxRepeats is how often the last message of an exchange goes out again.
const maxRepeats = 16

// repeat returns the message where a datagram is the one that it answers.
func (l *last) repeat(datagram []byte) []byte {
	if l.data == nil || l.count == maxRepeats || sha256.Sum256(datagram) != l.answer {
		return nil
	}
	l.count++
	return l.data
}

// header returns the header of a message, which lacks Next and Length.
func (a *association) header(exchange uint8, id uint32) ike.Header {
	return ike.Header{Initiator: a.initiator, Responder: a.responder, Version: ike.Version1, Exchange: exchange, MessageID: id}
}

// phase2IV returns the first initialization vector of an exchange (RFC 2409, appendix B).
func (a *association) phase2IV(id uint32) []byte {
	return a.suite.PRF.Sum(a.iv, appendID(id))[:a.block.BlockSize()]
}

// setKeys derives the keys from what both ends have said.
func (a *association) setKeys(psk, ni, nr []byte, shared ike.Secret, public, peer []byte) error {
	a.keys.wipe()
	a.keys = newKeys(a.suite, psk, ni, nr, shared, a.initiator, a.responder)
	block, err := a.suite.Encryption.Block(a.keys.cipher.Bytes())
	if err != nil {
		return err
	}
	a.block = block
	a.iv = a.suite.PRF.Sum(public, peer)[:block.BlockSize()]
	return nil
}

// wipe clears what is secret.
func (a *association) wipe() {
	a.keys.wipe()
	if a.handshake != nil {
		a.handshake.pair.Wipe()
	}
}

// maxMessageIDs is how many message IDs are remembered. The peer has to prove its key for
// each of its own.
const maxMessageIDs = 4096

// messageIDs are those that an association has used; none is used twice.
type messageIDs struct {
	used map[uint32]bool
	ring []uint32
	next int
}

// take uses a message ID, and reports whether it was free. The oldest ones are forgotten
// where there are too many.
func (m *messageIDs) take(id uint32) bool {
	if id == 0 || m.used[id] {
		return false
	}
	if m.used == nil {
		m.used = map[uint32]bool{}
	}
	if len(m.ring) < maxMessageIDs {
		m.ring = append(m.ring, id)
	} else {
		delete(m.used, m.ring[m.next])
		m.ring[m.next] = id
		m.next = (m.next + 1) % maxMessageIDs
	}
	m.used[id] = true
	return true
}

// hashes are those of the last few datagrams of an exchange that were taken.
type hashes [][sha256.Size]byte

func (h *hashes) add(datagram []byte) { *h = append(*h, sha256.Sum256(datagram)) }

func (h hashes) has(datagram []byte) bool {
	return len(h) > 0 && slices.Contains(h, sha256.Sum256(datagram))
}
