package esp

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestRFC3602 has the whole packets of RFC 3602, section 4, cases 5 to 8. They have no
// check value, so that of HMAC-SHA-256 is added here, computed by the standard library.
func TestRFC3602(t *testing.T) {
	t.Parallel()
	const ping, tunnel = 1, NextIPv4
	integrityKey := bytes.Repeat([]byte{0x5a}, 32)
	for _, tt := range []struct {
		name, key, packet, payload string
		next                       uint8
	}{
		{
			name: "case 5, transport", key: "90d382b410eeba7ad938c46cec1a82bf", next: ping,
			packet: "0000432100000001" + "e96e8c08ab465763fd098d45dd3ff893" +
				"f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52" +
				"775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6",
			payload: "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" +
				"202122232425262728292a2b2c2d2e2f3031323334353637",
		},
		{
			name: "case 6, transport", key: "90d382b410eeba7ad938c46cec1a82bf", next: ping,
			packet: "0000432100000008" + "69d08df7d203329db093fc4924e5bd80" +
				"f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca346a89f75",
			payload: "0800b5e8a80a0500a69c083d0b660e00777777777777777777777777",
		},
		{
			name: "case 7, tunnel", key: "0123456789abcdef0123456789abcdef", next: tunnel,
			packet: "0000876500000002" + "f4e765244f6407adf13dc1380f673f37" +
				"773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad7a0f022b859243c6" +
				"47752e94a859352b8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d",
			payload: "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d02a2040008090a0b0c0d0e0f" +
				"101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
		},
		{
			name: "case 8, tunnel", key: "0123456789abcdef0123456789abcdef", next: tunnel,
			packet: "0000876500000005" + "85d47224b5f3dd5d2101d4ea8dffab22" +
				"15b92683819596a8047232cc00f7048fe45318e11f8a0f62ede3c3fc61203bb50f980a08c9843fd3a1b06d5c07ff9639" +
				"b7eb7dfb3512e5de435e7207ed971ef3d2726d9b5ef6affc6d17a0decbb13892",
			payload: "45000044090c00004001f990c0a87b03c0a87bc80800d63caa0a0200c69c083da3de0300" +
				"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		},
	} {
		packet := unhex(t, tt.packet)
		c := Config{
			SPI: binary.BigEndian.Uint32(packet), Key: ike.NewSecret(append(unhex(t, tt.key), integrityKey...)),
			Suite: ike.ESPSuite{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA256)},
		}
		mac := hmac.New(sha256.New, integrityKey)
		mac.Write(packet)
		packet = append(packet, mac.Sum(nil)[:16]...)

		sealer, err := NewSealer(c, bytes.NewReader(packet[headerLen:headerLen+16]))
		if err != nil {
			t.Fatal(err)
		}
		sealer.last = uint64(binary.BigEndian.Uint32(packet[4:])) - 1
		got, err := sealer.Seal(nil, unhex(t, tt.payload), tt.next)
		if err != nil || !bytes.Equal(got, packet) {
			t.Errorf("%s, sealed: got %x, %v\nwant %x", tt.name, got, err, packet)
		}
		opener, err := NewOpener(c)
		if err != nil {
			t.Fatal(err)
		}
		payload, next, err := opener.Open(packet)
		if err != nil || next != tt.next || hex.EncodeToString(payload) != tt.payload {
			t.Errorf("%s, opened: got %x, next %d, %v\nwant %s", tt.name, payload, next, err, tt.payload)
		}
	}
}

// An aeadVector is a packet of a combined cipher, in the parts in which documents give
// them. key has the salt at its end; text has padding and trailer; aad is the SPI and the
// sequence number, with 64 bits where it is extended.
type aeadVector struct {
	name, key, iv, aad, text, sealed, icv string
}

// checkAEAD seals and opens the packet of v.
func checkAEAD(t *testing.T, v aeadVector, s ike.ESPSuite) {
	t.Helper()
	aad, plain := unhex(t, v.aad), unhex(t, v.text)
	s.ESN = len(aad) == 12
	seq := binary.BigEndian.Uint64(append([]byte{0, 0, 0, 0}, aad...)[len(aad)-4:])
	if !s.ESN {
		seq = uint64(uint32(seq))
	}
	c := Config{SPI: firstSPI, Suite: s, Key: ike.NewSecret(unhex(t, v.key))} // some vectors have SPIs that are reserved

	header := append(aad[:4:4], aad[len(aad)-4:]...)
	header = append(header, unhex(t, v.iv)...)
	want := append(bytes.Clone(header), unhex(t, v.sealed+v.icv)...)
	got := append(bytes.Clone(header), plain...)
	got = append(got, make([]byte, ike.AEADTagLen)...)
	sealer, err := NewSealer(c, nil)
	if err != nil {
		t.Fatalf("%s: %v", v.name, err)
	}
	sealer.transform.seal(got, seq)
	if !bytes.Equal(got, want) {
		t.Errorf("%s, sealed: got %x\nwant %x", v.name, got, want)
	}

	opener, err := NewOpener(c)
	if err != nil {
		t.Fatalf("%s: %v", v.name, err)
	}
	opener.spi = binary.BigEndian.Uint32(aad)
	if s.ESN {
		opener.window.top = seq - 1
	}
	n := len(plain) - trailerLen
	payload, next, err := opener.Open(want)
	if err != nil || next != plain[n+1] || !bytes.Equal(payload, plain[:n-int(plain[n])]) {
		t.Errorf("%s, opened: got %x, next %d, %v\nwant %x", v.name, payload, next, err, plain)
	}
}

// TestMcGrew has the packets of draft-mcgrew-gcm-test-01, section 4, as RFC 4106 has none.
func TestMcGrew(t *testing.T) {
	t.Parallel()
	for _, v := range mcGrew {
		checkAEAD(t, v, ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 8 * (len(v.key)/2 - 4)})
	}
}

// TestRFC7634 has the packet of RFC 7634, appendix A.
func TestRFC7634(t *testing.T) {
	t.Parallel()
	checkAEAD(t, aeadVector{
		name: "appendix A", iv: "1011121314151617", aad: "0102030400000005",
		key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f" + "a0a1a2a3",
		text: "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10000736270809" +
			"0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f" +
			"303132333435363701020204",
		sealed: "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d528" +
			"44eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb" +
			"94e664da9165b82829f641e0",
		icv: "76aaa8266b7fb0f7b11b369907e1ad43",
	}, ike.ESPSuite{Encryption: ike.ChaCha20Poly1305})
}
