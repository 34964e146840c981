package esp

import (
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/internal/ike"
)

// The next headers that matter here (RFC 4303, section 2.6): what a payload is.
const (
	NextIPv4 uint8 = 4  // tunnel mode
	NextTCP  uint8 = 6  // transport mode
	NextIPv6 uint8 = 41 // tunnel mode
	NextNone uint8 = 59 // a dummy packet, which the receiver drops
)

// headerLen is the length of the SPI and the sequence number, in bytes.
const headerLen = 8

// trailerLen is the length of the pad length and the next header, in bytes.
const trailerLen = 2

// firstSPI is the first that may be on the wire; those below are reserved (RFC 4303,
// section 2.1).
const firstSPI = 256

// A Config is one direction of a security association.
type Config struct {
	SPI   uint32 // 256 or more
	Suite ike.ESPSuite

	// Key is ESPSuite.KeyLen bytes: for the cipher, with its salt at the end, then for
	// the integrity. A Sealer and an Opener copy what they need; the caller wipes it.
	Key ike.Secret
}

// check returns what is wrong with c.
func (c Config) check() error {
	s := c.Suite
	switch {
	case c.SPI < firstSPI:
		return fmt.Errorf("the SPI %d is reserved", c.SPI)
	case s.Encryption == 0 || s.Encryption.AEAD() != (s.Integrity.Len() == 0):
		return errors.New("the security association lacks a cipher or an integrity")
	case len(c.Key.Bytes()) != s.KeyLen():
		return fmt.Errorf("the key has %d bytes, and %s takes %d", len(c.Key.Bytes()), s, s.KeyLen())
	}
	return nil
}
