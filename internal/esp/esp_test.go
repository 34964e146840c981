package esp

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

// suites are all that ESP can have.
func suites() map[string]ike.ESPSuite {
	all := map[string]ike.ESPSuite{}
	for _, esn := range []bool{false, true} {
		add := func(s ike.ESPSuite) {
			s.ESN = esn
			all[fmt.Sprintf("%s ESN %t", s, esn)] = s
		}
		for _, bits := range []int{128, 192, 256} {
			add(ike.ESPSuite{Encryption: ike.AESGCM16, Bits: bits})
		}
		add(ike.ESPSuite{Encryption: ike.ChaCha20Poly1305})
		for _, h := range []ike.Hash{ike.SHA1, ike.SHA256, ike.SHA384, ike.SHA512} {
			for _, bits := range []int{128, 192, 256} {
				add(ike.ESPSuite{Encryption: ike.AESCBC, Bits: bits, Integrity: ike.Integrity(h)})
			}
			add(ike.ESPSuite{Encryption: ike.TripleDES, Integrity: ike.Integrity(h)})
		}
	}
	return all
}

const testSPI = 0xc0ffee01

// newPair returns both ends of one direction.
func newPair(tb testing.TB, s ike.ESPSuite) (*Sealer, *Opener) {
	tb.Helper()
	key := make([]byte, s.KeyLen())
	for i := range key {
		key[i] = byte(i*7 + 1)
	}
	c := Config{SPI: testSPI, Suite: s, Key: ike.NewSecret(key)}
	sealer, err := NewSealer(c, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	opener, err := NewOpener(c)
	if err != nil {
		tb.Fatal(err)
	}
	c.Key.Wipe() // both have what they need
	return sealer, opener
}

// reason returns why a packet was dropped; 0: it was not.
func reason(tb testing.TB, err error) Reason {
	tb.Helper()
	if err == nil {
		return 0
	}
	var d *DropError
	if !errors.As(err, &d) {
		tb.Fatalf("got %v, want a *DropError", err)
	}
	return d.Reason
}

// TestRoundTrip: each suite and each length up to some blocks goes there and back, and
// both ends count the same.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, s := range suites() {
		sealer, opener := newPair(t, s)
		var total uint64
		prefix := []byte("before")
		for n := range 70 {
			payload := bytes.Repeat([]byte{byte(n)}, n)
			out, err := sealer.Seal(prefix, payload, NextTCP)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			packet, ok := bytes.CutPrefix(out, prefix)
			if !ok || n > 8 && bytes.Contains(packet, payload) {
				t.Fatalf("%s: got % x, want an encrypted packet after the prefix", name, out)
			}
			got, next, err := opener.Open(packet)
			if err != nil || next != NextTCP || !bytes.Equal(got, payload) {
				t.Fatalf("%s, %d bytes: got % x, next %d, %v", name, n, got, next, err)
			}
			total += uint64(n)
		}
		if sealer.Packets() != 70 || opener.Packets() != 70 || sealer.Bytes() != total || opener.Bytes() != total {
			t.Errorf("%s: got %d and %d packets, %d and %d bytes, want 70 and %d", name, sealer.Packets(), opener.Packets(), sealer.Bytes(), opener.Bytes(), total)
		}
	}
}

// TestDropped: each bit that is changed on the way, each length that is cut, and each
// repetition.
func TestDropped(t *testing.T) {
	t.Parallel()
	for name, s := range suites() {
		sealer, opener := newPair(t, s)
		whole, err := sealer.Seal(nil, []byte("twenty bytes of text"), NextTCP)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 * len(whole) {
			packet := bytes.Clone(whole)
			packet[i/8] ^= 1 << (i % 8)
			_, _, err := opener.Open(packet)
			if got := reason(t, err); got != Forged && (i/8 >= 4 || got != OtherSPI) && (i/8 >= 8 || i/8 < 4 || got != Replayed) {
				t.Fatalf("%s, bit %d: got %v", name, i, err)
			}
			if i/8 >= headerLen && !bytes.Equal(packet[headerLen:i/8], whole[headerLen:i/8]) && !s.Encryption.AEAD() {
				t.Fatalf("%s, bit %d: decrypted before it was checked", name, i)
			}
		}
		for n := range whole {
			if _, _, err := opener.Open(bytes.Clone(whole[:n])); err == nil {
				t.Fatalf("%s, %d bytes: got no error", name, n)
			}
		}
		for i, want := range []Reason{0, Replayed, Replayed} {
			if _, _, err := opener.Open(bytes.Clone(whole)); reason(t, err) != want {
				t.Fatalf("%s, time %d: got %v, want %v", name, i, err, want)
			}
		}
		if opener.Packets() != 1 {
			t.Errorf("%s: got %d packets, want 1", name, opener.Packets())
		}
	}
}

// TestWiped: after Wipe neither end does anything, and neither prints a key.
func TestWiped(t *testing.T) {
	t.Parallel()
	for name, s := range suites() {
		sealer, opener := newPair(t, s)
		for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d", "%s"} {
			if got := fmt.Sprintf(verb+verb, sealer, opener); got != "[redacted][redacted]" {
				t.Errorf("%s, %s: got %s", name, verb, got)
			}
		}
		packet, err := sealer.Seal(nil, []byte("x"), NextTCP)
		if err != nil {
			t.Fatal(err)
		}
		sealer.Wipe()
		opener.Wipe()
		if _, err := sealer.Seal(nil, []byte("x"), NextTCP); err == nil {
			t.Errorf("%s: sealed after Wipe", name)
		}
		if _, _, err := opener.Open(packet); reason(t, err) != Ended {
			t.Errorf("%s: got %v, want it dropped after Wipe", name, err)
		}
	}
}

// TestConfigRefused: what is no security association.
func TestConfigRefused(t *testing.T) {
	t.Parallel()
	gcm := ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 256}
	for name, tt := range map[string]struct {
		config Config
		want   string
	}{
		"reserved SPI":      {Config{SPI: 255, Suite: gcm, Key: ike.NewSecret(make([]byte, 36))}, "reserved"},
		"short key":         {Config{SPI: 256, Suite: gcm, Key: ike.NewSecret(make([]byte, 35))}, "35 bytes"},
		"no key":            {Config{SPI: 256, Suite: gcm}, "0 bytes"},
		"no cipher":         {Config{SPI: 256, Suite: ike.ESPSuite{Integrity: ike.Integrity(ike.SHA1)}, Key: ike.NewSecret(make([]byte, 20))}, "lacks"},
		"no integrity":      {Config{SPI: 256, Suite: ike.ESPSuite{Encryption: ike.AESCBC, Bits: 128}, Key: ike.NewSecret(make([]byte, 16))}, "lacks"},
		"unknown integrity": {Config{SPI: 256, Suite: ike.ESPSuite{Encryption: ike.AESCBC, Bits: 128, Integrity: 99}, Key: ike.NewSecret(make([]byte, 16))}, "lacks"},
		"two integrities":   {Config{SPI: 256, Suite: ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 128, Integrity: ike.Integrity(ike.SHA1)}, Key: ike.NewSecret(make([]byte, 40))}, "lacks"},
		"unknown cipher":    {Config{SPI: 256, Suite: ike.ESPSuite{Encryption: 99, Bits: 128, Integrity: ike.Integrity(ike.SHA1)}, Key: ike.NewSecret(make([]byte, 36))}, "no block cipher"},
		"odd length of AES": {Config{SPI: 256, Suite: ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 120}, Key: ike.NewSecret(make([]byte, 19))}, "key size"},
	} {
		_, err := NewSealer(tt.config, rand.Reader)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
		if _, err := NewOpener(tt.config); err == nil {
			t.Errorf("%s: got an Opener", name)
		}
	}
}
