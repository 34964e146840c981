package ike

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// counted returns the bytes 1 to n.
func counted(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i + 1)
	}
	return b
}

// TestRFC2202 has the cases of RFC 2202, section 3, with HMAC-SHA1.
func TestRFC2202(t *testing.T) {
	t.Parallel()
	for i, tt := range []struct {
		key, data []byte
		want      string
	}{
		{bytes.Repeat([]byte{0x0b}, 20), []byte("Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00"},
		{[]byte("Jefe"), []byte("what do ya want for nothing?"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{bytes.Repeat([]byte{0xaa}, 20), bytes.Repeat([]byte{0xdd}, 50), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
		{counted(25), bytes.Repeat([]byte{0xcd}, 50), "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
		{bytes.Repeat([]byte{0x0c}, 20), []byte("Test With Truncation"), "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
		{bytes.Repeat([]byte{0xaa}, 80), []byte("Test Using Larger Than Block-Size Key - Hash Key First"), "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
		{bytes.Repeat([]byte{0xaa}, 80), []byte("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"), "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
	} {
		if got := hex.EncodeToString(SHA1.PRF(tt.key, tt.data)); got != tt.want {
			t.Errorf("case %d: got %s, want %s", i+1, got, tt.want)
		}
	}
	if got := Integrity(SHA1).Len(); got != 12 {
		t.Errorf("HMAC-SHA1-96 (RFC 2404): got %d bytes, want 12", got)
	}
}

// TestRFC4231 has cases of RFC 4231, section 4, which RFC 4868, section 2.7.1, repeats.
func TestRFC4231(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		key, data []byte
		want      map[Hash]string
	}{
		{"case 1", bytes.Repeat([]byte{0x0b}, 20), []byte("Hi There"), map[Hash]string{
			SHA256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
			SHA384: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
			SHA512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
		}},
		{"case 2", []byte("Jefe"), []byte("what do ya want for nothing?"), map[Hash]string{
			SHA256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
			SHA384: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
			SHA512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		}},
		{"case 3", bytes.Repeat([]byte{0xaa}, 20), bytes.Repeat([]byte{0xdd}, 50), map[Hash]string{
			SHA256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
			SHA384: "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
			SHA512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
		}},
		{"case 4", counted(25), bytes.Repeat([]byte{0xcd}, 50), map[Hash]string{
			SHA256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
			SHA384: "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
			SHA512: "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
		}},
		{"case 6", bytes.Repeat([]byte{0xaa}, 131), []byte("Test Using Larger Than Block-Size Key - Hash Key First"), map[Hash]string{
			SHA256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
			SHA384: "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
			SHA512: "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
		}},
	} {
		for h, want := range tt.want {
			if got := hex.EncodeToString(h.PRF(tt.key, tt.data[:3], tt.data[3:])); got != want {
				t.Errorf("%s, %s: got %s, want %s", tt.name, h.PRFName(), got, want)
			}
		}
	}
}

// TestRFC4868 has cases of RFC 4868, section 2.7.2, with keys of the hash's length and the
// check value cut to half.
func TestRFC4868(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		hash      Hash
		key, data []byte
		want      string
	}{
		{"AUTH256-1", SHA256, bytes.Repeat([]byte{0x0b}, 32), []byte("Hi There"), "198a607eb44bfbc69903a0f1cf2bbdc5"},
		{"AUTH256-2", SHA256, bytes.Repeat([]byte("Jefe"), 8), []byte("what do ya want for nothing?"), "167f928588c5cc2eef8e3093caa0e87c"},
		{"AUTH256-3", SHA256, bytes.Repeat([]byte{0xaa}, 32), bytes.Repeat([]byte{0xdd}, 50), "cdcb1220d1ecccea91e53aba3092f962"},
		{"AUTH256-4", SHA256, counted(32), bytes.Repeat([]byte{0xcd}, 50), "372efcf9b40b35c2115b1346903d2ef4"},
		{"AUTH384-1", SHA384, bytes.Repeat([]byte{0x0b}, 48), []byte("Hi There"), "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"},
		{"AUTH512-1", SHA512, bytes.Repeat([]byte{0x0b}, 64), []byte("Hi There"), "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"},
		{"AUTH512-2", SHA512, bytes.Repeat([]byte("Jefe"), 16), []byte("what do ya want for nothing?"), "cb370917ae8a7ce28cfd1d8f4705d6141c173b2a9362c15df235dfb251b15454"},
	} {
		i := Integrity(tt.hash)
		if got := hex.EncodeToString(i.Hash().PRF(tt.key, tt.data)[:i.Len()]); got != tt.want || i.KeyLen() != len(tt.key) {
			t.Errorf("%s: got %s, key of %d bytes, want %s, %d", tt.name, got, i.KeyLen(), tt.want, len(tt.key))
		}
	}
}

// A nistCase is one of NIST's samples for the key derivation of SP 800-135, sections 4.1.1
// and 4.1.2.
type nistCase struct {
	hash Hash

	// IKEv1 with signatures, and the SKEYID of a preshared key.
	ni, nr, gxy, cookies, skeyid, skeyidD, skeyidA, skeyidE string
	pskNonces, psk, pskSKEYID                               string

	// IKEv2: with the length of a SHA-1 key or longer, 132 bytes of keying material.
	nonces2, gir, spis, skeyseed, material string
	girNew, skeyseedNew                    string
}

var nistCases = []nistCase{
	{
		hash: SHA1,
		ni:   "69a62284195f1680", nr: "80c94ba25c8abda5", gxy: "8ba4cbc73c0187301dc19a975823854dbd641c597f637f8d053a83b9514673eb", cookies: "8c3bcd3a69831d7fd2d9a7ff4fbe95a7",
		skeyid: "707197817fb2d90cf54d1842606bdea59b9f4823", skeyidD: "384be709a8a5e63c3ed160cfe3921c4b37d5b32d",
		skeyidA: "48b327575abe3adba0f279849e289022a13e2b47", skeyidE: "a4a415c8e0c38c0da847c356cc61c24df8025560",
		pskNonces: "03a6f25a83c8c2a39d958a6618f77e7f", psk: "c0", pskSKEYID: "ab3be41bc62f2ef0c41a3076d58768be77fadd2e",
		nonces2: "32b50d5f4a3763f39206a04b26564cb1", gir: "4b2c1f971981a8ad8d0abeafabf38cf75fc8349c148142465ed9c8b516b8be52", spis: "34c9e7c1888687853ff77d760d2b2199",
		skeyseed: "a9a7b222b59f8f48645f28a1db5b5f5d7479cba7",
		material: "a14293677cc80ff8f9cc0eee30d895da9d8f405666e30ef0dfcb63c634a46002a2a63080e514a062768b76606f9fa5e992204fc5a670bde3f10d6b027113936a5c55b648a194ae587b" +
			"0088d52204b702c979fa280870d2ed41efa9c549fd11198af1670b143d384bd275c5f594cf266b05ebadca855e4249520a441a81157435a7a56cc4",
		girNew: "863f3c9d06efd39d2b907b97f8699e5dd5251ef64a2a176f36ee40c87d4f9330", skeyseedNew: "63e81194946ebd05df7df5ebf5d8750056bf1f1d",
	},
	{
		hash: SHA256,
		gxy:  "a1ff3dc6cf9b4c04709943cb4ca1f1789bcf360b03f1d027de3ae8ee039e9155", cookies: "6c6beb72631ddc3db84e24b22cffbd14",
		skeyid: "750c5c94b9c2ec20b68033e024dadf0fa87e8b48c6561b21c72478451a06583d", skeyidD: "a4f7ca7de913814813e3312099e7c943bd293483f387532330237f1b20957310",
		skeyidA: "1d4b705746c43b0a6fcbb8db33983c0f24ff6f8b6543e3779fed227c6067f004", skeyidE: "03e6f16cd9ce9f64b5cdc5b34cca7163483ba5389a30afebef3d14640b0a815e",
		pskNonces: "ead9ced494868f41f1aff4f425a94f18", psk: "a0", pskSKEYID: "558a99b299773d267cf7c8ef073bf3b7af362c206c75a538403c5ef884d4cace",
		nonces2: "3f302be1abcb28e18c332ee006064c9b", gir: "0f4d257d7a58fc4545c7d7a88119eee5d5c9690c5b4c989171d3abbfd99d1d29", spis: "40dac39e1e1a86408619a1cf9a6e4c07",
		skeyseed: "5f00d1bd2c58ec224b1e6b71fa0f19a1faa7a193952c444411b47c1a9d8ba6fe",
		material: "0b137d669b0947d7d026d593f0305ad401ff0c471357d695778a9c7f4b4869ece98aca531188d16041b3bb936d2dbb3b4993a6e768a809160de45d0283f273a6cdf6854379e31be72b" +
			"8d3d1fa990cf9c5b015ca9f918a7df6253c958114a09d4e1c19bdcd4db14b29d98db1a74ad405c588662c14a04d0d36aa4ab55e90f8986d12d4aad",
		girNew: "25f3b12d6f282739256e39bf54eda53b60ffcf379bb7bcc90c27b4c4c578616c", skeyseedNew: "2d63f6debc92048b4fef3889c4c99ca67d6496e0fac14a2bca9a2d6566ff2398",
	},
}

// TestSP800135 derives what NIST's samples for SP 800-135 have: SKEYID and its kin of RFC
// 2409, section 5; SKEYSEED, prf+ and the SKEYSEED of a rekey of RFC 7296, sections 2.14
// and 2.18.
func TestSP800135(t *testing.T) {
	t.Parallel()
	for _, c := range nistCases {
		h := c.hash
		check := func(what string, got []byte, want string) {
			t.Helper()
			if hex.EncodeToString(got) != want {
				t.Errorf("%s, %s: got %x, want %s", h.PRFName(), what, got, want)
			}
		}
		x := func(s string) []byte { return unhex(t, s) }
		if c.ni != "" {
			check("SKEYID with signatures", h.PRF(x(c.ni+c.nr), x(c.gxy)), c.skeyid)
		}
		check("SKEYID with a preshared key", h.PRF(x(c.psk), x(c.pskNonces)), c.pskSKEYID)
		check("SKEYID_d", h.PRF(x(c.skeyid), x(c.gxy), x(c.cookies), []byte{0}), c.skeyidD)
		check("SKEYID_a", h.PRF(x(c.skeyid), x(c.skeyidD), x(c.gxy), x(c.cookies), []byte{1}), c.skeyidA)
		check("SKEYID_e", h.PRF(x(c.skeyid), x(c.skeyidA), x(c.gxy), x(c.cookies), []byte{2}), c.skeyidE)

		check("SKEYSEED", h.PRF(x(c.nonces2), x(c.gir)), c.skeyseed)
		for _, n := range []int{132, h.Len(), 15, 1, 0} {
			check("prf+", h.PRFPlus(x(c.skeyseed), x(c.nonces2+c.spis), n), c.material[:2*n])
		}
		check("SKEYSEED of a rekey", h.PRF(x(c.material[:2*h.Len()]), x(c.girNew), x(c.nonces2)), c.skeyseedNew)
	}
}

// TestHashes: lengths and names go together, and Sum is the hash.
func TestHashes(t *testing.T) {
	t.Parallel()
	for h, want := range map[Hash]string{SHA1: "HMAC_SHA1_96", SHA256: "HMAC_SHA2_256_128", SHA384: "HMAC_SHA2_384_192", SHA512: "HMAC_SHA2_512_256"} {
		if got := Integrity(h).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := h.Sum([]byte("a"), []byte("b")); len(got) != h.Len() || h.New().Size() != h.Len() || !bytes.Equal(got, h.Sum([]byte("ab"))) {
			t.Errorf("%s: got %x of %d bytes", want, got, h.Len())
		}
		if got := h.PRF([]byte("k"), []byte("a"), []byte("b")); !hmac.Equal(got, h.PRF([]byte("k"), []byte("ab"))) {
			t.Errorf("%s: got %x", want, got)
		}
	}
	if got := Integrity(0); got.String() != "" || got.Len() != 0 || got.KeyLen() != 0 {
		t.Errorf("none: got %q, %d, %d", got, got.Len(), got.KeyLen())
	}
}
