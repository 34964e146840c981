package esp

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

// TestCheckValue (RFC 4303, section 3.3.2.1): the HMAC is over the packet, and with
// extended sequence numbers over the upper half after it. Here the standard library
// computes it.
func TestCheckValue(t *testing.T) {
	t.Parallel()
	for _, esn := range []bool{false, true} {
		s := ike.ESPSuite{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA256), ESN: esn}
		sealer, opener := newPair(t, s)
		const high = 3
		if esn {
			sealer.last, opener.window.top = high<<32, high<<32
		}
		packet, err := sealer.Seal(nil, []byte("text"), NextTCP)
		if err != nil {
			t.Fatal(err)
		}
		mac := testMAC(s)
		mac.Write(packet[:len(packet)-16])
		if esn {
			mac.Write([]byte{0, 0, 0, high})
		}
		if got, want := packet[len(packet)-16:], mac.Sum(nil)[:16]; !bytes.Equal(got, want) {
			t.Errorf("ESN %t: got %x, want %x", esn, got, want)
		}
		if _, _, err := opener.Open(packet); err != nil {
			t.Errorf("ESN %t: %v", esn, err)
		}
	}
}

// TestUnaligned: a text that is no multiple of the block is dropped, even where the peer
// authenticated it.
func TestUnaligned(t *testing.T) {
	t.Parallel()
	s := ike.ESPSuite{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA256)}
	_, opener := newPair(t, s)
	packet := binary.BigEndian.AppendUint32(nil, testSPI)
	packet = append(packet, 0, 0, 0, 1)
	packet = append(packet, make([]byte, 16+17)...)
	mac := testMAC(s)
	mac.Write(packet)
	if _, _, err := opener.Open(mac.Sum(packet)[:len(packet)+16]); reason(t, err) != Unaligned {
		t.Errorf("got %v, want %v", err, Unaligned)
	}
}

// testMAC returns the HMAC-SHA-256 of what newPair made.
func testMAC(s ike.ESPSuite) hash.Hash {
	key := make([]byte, s.KeyLen())
	for i := range key {
		key[i] = byte(i*7 + 1)
	}
	return hmac.New(sha256.New, key[s.Encryption.KeyLen(s.Bits):])
}
