package ike

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"
)

// ecRows are the key pairs of RFC 5903, section 8, and of RFC 7748, section 6.1: the
// private keys of both ends, their public values, and the secret.
var ecRows = []struct {
	name                 string
	group                Group
	i, gi, r, gr, secret string
}{
	{
		name: "RFC 5903, section 8.1", group: ECP256,
		i: "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
		gi: "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180" +
			"5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
		r: "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
		gr: "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63" +
			"56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
		secret: "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE",
	},
	{
		name: "RFC 5903, section 8.2", group: ECP384,
		i: "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655E35B538041E649EE3FAEF896783AB194",
		gi: "667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6DE3AC808ACB4BDB4C88732AEE95F41AA" +
			"9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38EEB9FCFF3C2C947DAE69B4C634573A81C",
		r: "41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942E0308312916B8ED2960E4BD55A7448FC",
		gr: "E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D0D1AC43A0336DEF96FDA41D0774A3571" +
			"DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FFF83FA40142209DFF5EAAD96DB9E6386C",
		secret: "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4D603135569B9E9D09CF5D4A270F59746",
	},
	{
		name: "RFC 5903, section 8.3", group: ECP521,
		i: "0037ADE9319A89F4DABDB3EF411AACCCA5123C61ACAB57B5393DCE47608172A095AA85A30FE1C2952C6771D937BA9777F5957B2639BAB072462F68C27A57382D4A52",
		gi: "0015417E84DBF28C0AD3C278713349DC7DF153C897A1891BD98BAB4357C9ECBEE1E3BF42E00B8E380AEAE57C2D107564941885942AF5A7F4601723C4195D176CED3E" +
			"017CAE20B6641D2EEB695786D8C946146239D099E18E1D5A514C739D7CB4A10AD8A788015AC405D7799DC75E7B7D5B6CF2261A6A7F1507438BF01BEB6CA3926F9582",
		r: "0145BA99A847AF43793FDD0E872E7CDFA16BE30FDC780F97BCCC3F078380201E9C677D600B343757A3BDBF2A3163E4C2F869CCA7458AA4A4EFFC311F5CB151685EB9",
		gr: "00D0B3975AC4B799F5BEA16D5E13E9AF971D5E9B984C9F39728B5E5739735A219B97C356436ADC6E95BB0352F6BE64A6C2912D4EF2D0433CED2B6171640012D9460F" +
			"015C68226383956E3BD066E797B623C27CE0EAC2F551A10C2C724D9852077B87220B6536C5C408A1D2AEBB8E86D678AE49CB57091F4732296579AB44FCD17F0FC56A",
		secret: "01144C7D79AE6956BC8EDB8E7C787C4521CB086FA64407F97894E5E6B2D79B04D1427E73CA4BAA240A34786859810C06B3C715A3A8CC3151F2BEE417996D19F3DDEA",
	},
	{
		name: "RFC 7748, section 6.1", group: Curve25519,
		i:      "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		gi:     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		r:      "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		gr:     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		secret: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
	},
}

// TestCurves has the vectors of RFC 5903, section 8, and RFC 7748, section 6.1.
func TestCurves(t *testing.T) {
	t.Parallel()
	for _, tt := range ecRows {
		pair := func(private string) *KeyPair {
			k, err := tt.group.curve().NewPrivateKey(unhex(t, private))
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			return newEC(tt.group, k)
		}
		for _, end := range []struct{ private, public, peer string }{{tt.i, tt.gi, tt.gr}, {tt.r, tt.gr, tt.gi}} {
			k := pair(end.private)
			if want := unhex(t, end.public); !bytes.Equal(k.Public, want) || len(want) != tt.group.PublicLen() {
				t.Errorf("%s, public value: got %x, want %x", tt.name, k.Public, want)
			}
			got, err := k.Shared(unhex(t, end.peer))
			if err != nil || !bytes.Equal(got.Bytes(), unhex(t, tt.secret)) {
				t.Errorf("%s, secret: got %x, %v, want %s", tt.name, got.Bytes(), err, tt.secret)
			}
		}
	}
}

// TestCurvePublic: points that are not on the curve, the origin, coordinates that are not
// below the prime, points of low order and values of another length are refused.
func TestCurvePublic(t *testing.T) {
	t.Parallel()
	rows := map[Group]map[string]string{
		ECP256: {
			"off the curve":       hex.EncodeToString(bytes.Repeat([]byte{1}, 64)),
			"x over the prime":    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff" + "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
			"with its first byte": "04" + ecRows[0].gr,
		},
		ECP384: {"off the curve": hex.EncodeToString(bytes.Repeat([]byte{1}, 96))},
		ECP521: {"off the curve": hex.EncodeToString(bytes.Repeat([]byte{1}, 132))},
		Curve25519: { // RFC 7748, section 6.1, and RFC 8031, section 3.1: the secret would be zero
			"1":             "0100000000000000000000000000000000000000000000000000000000000000",
			"order 8":       "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
			"order 8, also": "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
			"p-1":           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
			"p":             "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
			"p+1":           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		},
	}
	for g, peers := range rows {
		k, err := NewKeyPair(g, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		peers["zero"] = hex.EncodeToString(make([]byte, g.PublicLen()))
		peers["short"], peers["none"] = "01", ""
		peers["long"] = hex.EncodeToString(append(bytes.Clone(k.Public), 0))
		for name, peer := range peers {
			_, err := k.Shared(unhex(t, peer))
			var wrong *PublicError
			if !errors.As(err, &wrong) || wrong.Group != g {
				t.Errorf("%s, %s: got %v, want a *PublicError", g, name, err)
			}
		}
		if _, err := k.Shared(k.Public); err != nil {
			t.Errorf("%s: got %v", g, err)
		}
	}
}

// TestGroups: what proofs and errors call the groups, and how long their public values are.
func TestGroups(t *testing.T) {
	t.Parallel()
	for g, want := range map[Group]struct {
		name  string
		len   int
		curve ecdh.Curve
	}{
		0: {"", 0, nil}, MODP1024: {"MODP_1024", 128, nil}, MODP2048: {"MODP_2048", 256, nil}, MODP8192: {"MODP_8192", 1024, nil}, MODP2048s256: {"MODP_2048_256", 0, nil},
		ECP256: {"ECP_256", 64, ecdh.P256()}, ECP384: {"ECP_384", 96, ecdh.P384()}, ECP521: {"ECP_521", 132, ecdh.P521()}, Curve25519: {"CURVE_25519", 32, ecdh.X25519()}, 99: {"group 99", 0, nil},
	} {
		if g.String() != want.name || g.PublicLen() != want.len || g.curve() != want.curve {
			t.Errorf("%d: got %q, %d, %v", g, g, g.PublicLen(), g.curve())
		}
	}
	var none *KeyPair
	none.Wipe() // a machine that has not begun
}
