package userspace

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/go-iscsi/discovery/internal/esp"
	"github.com/go-iscsi/discovery/internal/ike"
)

// newFloor returns how many full packets an answer has, and a function that seals and
// opens so many.
func newFloor(b *testing.B, suite ike.ESPSuite) (packets int, floor func()) {
	config := esp.Config{SPI: 1000, Suite: suite, Key: ike.NewSecret(bytes.Repeat([]byte{7}, suite.KeyLen()))}
	sealer, err := esp.NewSealer(config, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	opener, err := esp.NewOpener(config)
	if err != nil {
		b.Fatal(err)
	}
	segment, buf := make([]byte, DefaultMTU-20), make([]byte, 0, 2*DefaultMTU)
	packets = (answerLen + generated - 1) / generated
	return packets, func() {
		for range packets {
			packet, err := sealer.Seal(buf, segment, esp.NextTCP)
			if err == nil {
				_, _, err = opener.Open(packet)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
