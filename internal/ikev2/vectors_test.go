package ikev2

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestChaCha20Poly1305 has the message of RFC 7634, appendix B.
func TestChaCha20Poly1305(t *testing.T) {
	t.Parallel()
	p := &protection{suite: ike.Suite{Encryption: ike.ChaCha20Poly1305, PRF: ike.SHA256}, key: ike.NewSecret(unhex(t, `
		80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f 90 91 92 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2 a3`))}
	p.sequence = 0x1011121314151617
	h := ike.Header{Initiator: ike.SPI(unhex(t, "c0c1c2c3c4c5c6c7")), Responder: ike.SPI(unhex(t, "d0d1d2d3d4d5d6d7")),
		Version: ike.Version2, Exchange: exchangeInformational, MessageID: 9}
	payload := ike.Payload{Type: payloadNotify, Body: unhex(t, "00 00 40 01 00 00 00 0a")} // SET_WINDOW_SIZE
	want := unhex(t, `
		c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7 2e 20 25 00 00 00 00 09 00 00 00 45
		29 00 00 29 10 11 12 13 14 15 16 17 61 03 94 70 1f 8d 01 7f 7c 12 92 48 89
		6b 71 bf e2 52 36 ef d7 cd c6 70 66 90 63 15 b2`)
	got, err := p.seal(h, []ike.Payload{payload}, nil)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, %v\nwant %x", got, err, want)
	}
	h, err = ike.ParseHeader(want)
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.open(h, want)
	if err != nil || len(list) != 1 || list[0].Type != payload.Type || !bytes.Equal(list[0].Body, payload.Body) {
		t.Errorf("got %+v, %v, want %+v", list, err, payload)
	}
}

// TestKeySchedule has the first case of NIST's CAVS for SP 800-135, ikev2.rsp, with SHA-1.
func TestKeySchedule(t *testing.T) {
	t.Parallel()
	ni, nr := unhex(t, "3651fef5c9c35e93"), unhex(t, "c09a8b90a3f04d59")
	spis := [16]byte(unhex(t, "8e5c3ae507221684 b1f201bb155c3acd"))
	shared := func() ike.Secret {
		return ike.NewSecret(unhex(t, `d084a30166a50fb7325c3960874a839449ef9741c2f4f947d0201dd8c1269273d79509f37e3ca3eb4fa2fe2a28254e28
			9cd3f34dad4eb4df1a07685a4b8a94fa61e2491f7598b3ce65547ff133b3f63d1ac4175eaa695033f3cedb026a6873a3
			6455172a8540b8a5d23a0143bed0390ee49b168269d75fffee9fb62be965993c`))
	}
	next := func() ike.Secret {
		return ike.NewSecret(unhex(t, `52f00ab174c25d5b7139ae5ff4e8e9eddee5992d2e36adf8a559ffd90dab1442e4fbe429d320c0f33552a17d1557fa41
			ea70e8fb916c4fa27ed52b5f8ebd8461afa78f1159159a64055ac5f6319e29c28eae58cbc6847770f32c3fed1d047504
			84f854790f95e9ec01bc5bc461f24966462e359511329305038e94deb6dd42c2`))
	}
	equal := func(what string, got []byte, want string) {
		t.Helper()
		if w := unhex(t, want); !bytes.Equal(got, w) {
			t.Errorf("%s: got %x, want %x", what, got, w)
		}
	}
	seed := initialSeed(ike.SHA1, shared(), ni, nr)
	equal("SKEYSEED", seed.Bytes(), "cd2e8050137832245f1dbacc6e4f0a92f94d45d6")

	// DKM has 132 bytes: SK_d, SK_ai, SK_ar of 20 bytes, SK_ei, SK_er of 16, SK_pi, SK_pr
	// of 20.
	k := deriveKeys(ike.Suite{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA1), PRF: ike.SHA1}, seed, ni, nr, spis)
	equal("DKM", join(k.d.Bytes(), k.ai.Bytes(), k.ar.Bytes(), k.ei.Bytes(), k.er.Bytes(), k.pi.Bytes(), k.pr.Bytes()), `
		6f1b12cad3cbe097b35430356d869d54cddb0198ec859174d53ceb92dddedbe2436db69f60977c58fa63bbb667f8d369
		20b109baae8f6c61a9ac49feda01843225d080ec5539d5881a25521ffb2a0a91874a9c0a27fcc2d717eb8963a9e3a89c
		7ab264757284c28cf8c3ca40576f4220b052b1fb8e9ad60ba3c80557323331a8cbb89f20`)
	if !bytes.Equal(seed.Bytes(), make([]byte, 20)) {
		t.Error("SKEYSEED is not wiped")
	}

	// Of the keys of a child the vectors have 132 bytes, of which a suite takes 2 times 36.
	suite := ike.ESPSuite{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA1)}
	a, b := childKeys(ike.SHA1, k.d, ike.Secret{}, ni, nr, suite)
	equal("DKM of a child", join(a.Bytes(), b.Bytes()), `
		4727dc0ef94eb326ce131cf282fb652faa638ad0ddae3786a11bcc0309876009f8c485de011ad962c5b1ca8a41ff8145
		445749079c5686e26ffebbc342f06981f3da745e11ca0976`)
	a, b = childKeys(ike.SHA1, k.d, next(), ni, nr, suite)
	equal("DKM of a child, with Diffie-Hellman", join(a.Bytes(), b.Bytes()), `
		b109c21ad4c0797768c1cec9e63554681e48f224bca7f23c20c4ea7041983451e9aa1d5408656c8a975ff1b9d9a12c75
		ffeb64bdecb30174664cccb4e14f1c377b7f6d1525af77c7`)
	equal("SKEYSEED of a rekey", rekeySeed(ike.SHA1, k.d, next(), ni, nr).Bytes(), "3b03bce748c96d5e8306918d2ff89b68f0648da3")
}
