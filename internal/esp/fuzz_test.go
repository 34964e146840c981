package esp

import (
	"bytes"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

// FuzzOpen: no packet that the holder of the key did not seal is opened, and none makes
// Open fail otherwise than with a *DropError. A text that the holder sealed, with whatever
// trailer, is opened or dropped for its padding alone.
func FuzzOpen(f *testing.F) {
	var list []ike.ESPSuite
	for _, esn := range []bool{false, true} {
		list = append(list,
			ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 256, ESN: esn},
			ike.ESPSuite{Encryption: ike.ChaCha20Poly1305, ESN: esn},
			ike.ESPSuite{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA256), ESN: esn},
			ike.ESPSuite{Encryption: ike.TripleDES, Integrity: ike.Integrity(ike.SHA1), ESN: esn},
		)
	}
	for i := range list {
		f.Add(uint8(i), []byte("\xc0\xff\xee\x01\x00\x00\x00\x01 and a text of some bytes that is not authenticated"), uint64(0))
		f.Add(uint8(i), []byte("abcdefghijklmn\x00\x06"), uint64(1<<32-1))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte, top uint64) {
		s := list[int(which)%len(list)]
		if !s.ESN {
			top = uint64(uint32(top))
		}
		sealer, opener := newPair(t, s)
		opener.window.top = top
		if _, _, err := opener.Open(bytes.Clone(data)); reason(t, err) == 0 {
			t.Fatalf("%s: opened %x", s, data)
		}
		if top == sealer.max || len(data) == 0 || len(data)%sealer.align != 0 {
			return
		}
		packet := make([]byte, headerLen+sealer.iv)
		copy(packet, []byte{0xc0, 0xff, 0xee, 0x01, byte((top + 1) >> 24), byte((top + 1) >> 16), byte((top + 1) >> 8), byte(top + 1)})
		packet = append(packet, data...)
		packet = append(packet, make([]byte, sealer.icv)...)
		sealer.transform.seal(packet, top+1)
		payload, _, err := opener.Open(packet)
		if got := reason(t, err); got != 0 && got != Padding {
			t.Fatalf("%s, after %d: got %v", s, top, err)
		} else if got == 0 && !bytes.HasPrefix(data, payload) {
			t.Fatalf("%s: got %x of %x", s, payload, data)
		}
	})
}
