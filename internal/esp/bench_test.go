package esp

import (
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

// benchLen is the payload of a full packet, in bytes.
const benchLen = 1400

var benchSuites = []ike.ESPSuite{
	{Encryption: ike.AESGCM16, Bits: 256},
	{Encryption: ike.ChaCha20Poly1305},
	{Encryption: ike.AESCBC, Bits: 256, Integrity: ike.Integrity(ike.SHA256)},
	{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA1)},
	{Encryption: ike.TripleDES, Integrity: ike.Integrity(ike.SHA1)},
}

func BenchmarkSeal(b *testing.B) {
	for _, s := range benchSuites {
		b.Run(s.String(), func(b *testing.B) {
			sealer, _ := newPair(b, s)
			payload, buf := make([]byte, benchLen), make([]byte, 0, 2*benchLen)
			b.SetBytes(benchLen)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sealer.Seal(buf, payload, NextTCP); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, s := range benchSuites {
		b.Run(s.String(), func(b *testing.B) {
			sealer, opener := newPair(b, s)
			whole, err := sealer.Seal(nil, make([]byte, benchLen), NextTCP)
			if err != nil {
				b.Fatal(err)
			}
			packet := make([]byte, len(whole))
			b.SetBytes(benchLen)
			b.ReportAllocs()
			for b.Loop() {
				copy(packet, whole)
				opener.window = window{}
				if _, _, err := opener.Open(packet); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
