package seal

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
)

func BenchmarkSeal(b *testing.B) {
	s := fixed(1, false)
	secret := auth.NewSecret([]byte("twelve bytes"))
	for b.Loop() {
		if _, err := s.Seal(secret, "portal/192.0.2.1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := fixed(1, false)
	sealed := mustSeal(b, s, "twelve bytes", "portal/192.0.2.1")
	for b.Loop() {
		if _, err := s.Open(sealed, "portal/192.0.2.1"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPassphrase is what the first use of a passphrase costs.
func BenchmarkPassphrase(b *testing.B) {
	for name, fips := range modes {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := Passphrase(auth.NewSecret([]byte("passphrase")), make([]byte, SaltLen))
				if err != nil {
					b.Fatal(err)
				}
				s.fips = fips
				mustSeal(b, s, "twelve bytes", "c")
			}
		})
	}
}
