package ike

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"unicode"
)

// TestParseIdentity: what a text stands for (RFC 2407, section 4.6.2.1).
func TestParseIdentity(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Identity{
		"192.0.2.10":         {IDIPv4Addr, []byte{192, 0, 2, 10}},
		"::ffff:192.0.2.10":  {IDIPv4Addr, []byte{192, 0, 2, 10}},
		"2001:db8::1":        {IDIPv6Addr, netip.MustParseAddr("2001:db8::1").AsSlice()},
		"array.example":      {IDFQDN, []byte("array.example")},
		"User@Array.example": {IDUserFQDN, []byte("User@Array.example")},
		"192.0.2":            {IDFQDN, []byte("192.0.2")},
	} {
		if got := ParseIdentity(text); got.Type != want.Type || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s: got %d %x, want %d %x", text, got.Type, got.Data, want.Type, want.Data)
		}
	}
}

// TestIdentityEqual: addresses are compared by their bytes, names without case, where both
// are ASCII; another type is another identity.
func TestIdentityEqual(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b Identity
		want bool
	}{
		{ParseIdentity("192.0.2.10"), ParseIdentity("::ffff:192.0.2.10"), true},
		{ParseIdentity("192.0.2.10"), ParseIdentity("192.0.2.11"), false},
		{ParseIdentity("Array.Example"), ParseIdentity("array.example"), true},
		{ParseIdentity("array.example"), ParseIdentity("array.example.com"), false},
		{ParseIdentity("U@Array.Example"), ParseIdentity("u@array.example"), true},
		{ParseIdentity("192.0.2.10"), Identity{IDFQDN, []byte("192.0.2.10")}, false},
		{Identity{IDFQDN, []byte("u@array.example")}, ParseIdentity("u@array.example"), false},
		{Identity{IDFQDN, []byte("\u212aelvin")}, Identity{IDFQDN, []byte("kelvin")}, false}, // the sign of Kelvin is k without case
		{Identity{IDFQDN, []byte("\xff")}, Identity{IDFQDN, []byte("\xfe")}, false},
		{Identity{9, []byte("a")}, Identity{9, []byte("A")}, false},
		{Identity{9, []byte("a")}, Identity{9, []byte("a")}, true},
		{Identity{}, Identity{}, true},
	} {
		if got := tt.a.Equal(tt.b); got != tt.want || tt.b.Equal(tt.a) != tt.want {
			t.Errorf("%s and %s: got %t, want %t", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestIdentityString: what is shown of a peer's identity: escaped, and bounded.
func TestIdentityString(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id   Identity
		want string
	}{
		{ParseIdentity("192.0.2.10"), "192.0.2.10"},
		{ParseIdentity("2001:db8::1"), "2001:db8::1"},
		{ParseIdentity("array.example"), "array.example"},
		{ParseIdentity("u@array.example"), "u@array.example"},
		{Identity{IDFQDN, []byte("a\n\x1b[2J\"\xff\u2028")}, `a\n\x1b[2J\"\xff\u2028`},
		{Identity{IDFQDN, nil}, ""},
		{Identity{IDFQDN, bytes.Repeat([]byte("a"), 300)}, strings.Repeat("a", 256)},
		{Identity{IDIPv4Addr, []byte{1, 2, 3}}, "type 1 010203"},
		{Identity{IDIPv4Addr, make([]byte, 16)}, "type 1 00000000000000000000000000000000"},
		{Identity{IDIPv6Addr, []byte{1, 2, 3, 4}}, "type 5 01020304"},
		{Identity{9, []byte("\x30\x0b")}, "type 9 300b"},
		{Identity{11, bytes.Repeat([]byte{0xab}, 300)}, "type 11 " + strings.Repeat("ab", 256)},
	} {
		if got := tt.id.String(); got != tt.want {
			t.Errorf("%d %x: got %s, want %s", tt.id.Type, tt.id.Data, got, tt.want)
		}
	}
}

// FuzzIdentity: what is shown of an identity is bounded and printable ASCII, and a text
// and the identity that it stands for are the same.
func FuzzIdentity(f *testing.F) {
	for _, s := range []string{"192.0.2.10", "2001:db8::1", "array.example", "u@array.example", "a\n\x1b", "fe80::1%eth0", ""} {
		for _, kind := range []IDType{IDIPv4Addr, IDFQDN, IDUserFQDN, IDIPv6Addr, 9} {
			f.Add(uint8(kind), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		id := Identity{Type: IDType(kind), Data: data}
		s := id.String()
		if len(s) > 10*maxIdentity || strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
			t.Errorf("%d %x: got %q", kind, data, s)
		}
		if !id.Equal(id) && !bytes.ContainsFunc(data, func(r rune) bool { return r >= 0x80 }) {
			t.Errorf("%s is not itself", s)
		}
		if one := ParseIdentity(string(data)); one.Type == IDIPv4Addr || one.Type == IDIPv6Addr {
			if !ParseIdentity(one.String()).Equal(one) {
				t.Errorf("%q: got %s", data, one)
			}
		} else if !bytes.Equal(one.Data, data) {
			t.Errorf("%q: got %q", data, one.Data)
		}
	})
}
