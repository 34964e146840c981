package userspace

import (
	"crypto/rand"

	"github.com/go-iscsi/discovery/internal/esp"
	"github.com/go-iscsi/discovery/internal/ike"
)

// After so much under one security association a connection asks for new ones: packets
// without extended sequence numbers, and bytes of a cipher with blocks of 64 bits.
const (
	rekeyPackets     = 1 << 31
	rekeyBytes3DES   = 1 << 30
	maxPairsOfProofs = 64 // security associations that a proof names, the first and the last ones
)

// An espPair is the two security associations of ESP that were negotiated together.
type espPair struct {
	suite             ike.ESPSuite
	spiOut, spiIn     uint32
	sealer            *esp.Sealer // nil: they have ended
	opener            *esp.Opener
	bytesOut, bytesIn uint64
	rekeying          bool // new ones were asked for because of what was sent
}

// newPair makes the pair that a machine has negotiated. The keys of the event are
// cleared.
func newPair(e ike.ChildUp) (*espPair, error) {
	defer e.Out.Key.Wipe()
	defer e.In.Key.Wipe()
	sealer, err := esp.NewSealer(esp.Config{SPI: e.Out.SPI, Suite: e.Suite, Key: e.Out.Key}, rand.Reader)
	if err != nil {
		return nil, err
	}
	opener, err := esp.NewOpener(esp.Config{SPI: e.In.SPI, Suite: e.Suite, Key: e.In.Key})
	if err != nil {
		return nil, err
	}
	return &espPair{suite: e.Suite, spiOut: e.Out.SPI, spiIn: e.In.SPI, sealer: sealer, opener: opener}, nil
}

// used reports whether something went by the pair.
func (p *espPair) used() bool { return p.bytesOut > 0 || p.bytesIn > 0 }

// worn reports, once, that the pair should be renewed.
func (p *espPair) worn() bool {
	packets, bytes := max(p.sealer.Packets(), p.opener.Packets()), max(p.bytesOut, p.bytesIn)
	if p.rekeying || !(!p.suite.ESN && packets >= rekeyPackets || p.suite.Encryption == ike.TripleDES && bytes >= rekeyBytes3DES) {
		return false
	}
	p.rekeying = true
	return true
}

// wipe ends the pair. What it counted stays.
func (p *espPair) wipe() {
	if p.sealer != nil {
		p.sealer.Wipe()
		p.opener.Wipe()
		p.sealer, p.opener = nil, nil
	}
}
