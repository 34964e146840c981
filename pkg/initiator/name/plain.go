package name

import (
	"bytes"
	"encoding/binary"
)

// plainChars has true for the characters of which Fold leaves each as it is.
var plainChars = func() (plain [256]bool) {
	for _, c := range []byte(nameChars) {
		plain[c] = c < 'A' || 'Z' < c
	}
	return plain
}()

// IsPlain reports a name of the usual kind quickly: in iqn. form, valid, and
// equal to what Fold makes of it. A name of which it says nothing may be valid
// all the same.
func IsPlain(v []byte) bool {
	if len(v) < len(PlainStart) || len(v) > MaxLen || string(v[:4]) != PlainStart[:4] || v[8] != '-' || v[11] != '.' || v[12] == ':' {
		return false
	}
	for _, i := range [...]int{4, 5, 6, 7, 9, 10} {
		if v[i] < '0' || v[i] > '9' {
			return false
		}
	}
	if month := (v[9]-'0')*10 + v[10] - '0'; month < 1 || month > 12 {
		return false
	}
	return ArePlainChars(v[len(PlainStart)-1:])
}

// PlainStart is how a plain name begins, in which x is not a colon.
const PlainStart = "iqn.yyyy-mm.x"

func ArePlainChars(v []byte) bool {
	for _, c := range v {
		if !plainChars[c] {
			return false
		}
	}
	return true
}

// PlainLen returns the length of the name that v begins with, up to its NUL;
// negative where it is not plain, or the one before, which is plain.
func PlainLen(v, before []byte) int {
	// Mostly they are of one length, begin alike and differ in a word or two.
	n := len(before)
	if len(v) <= n || v[n] != 0 || n < 16 || word(v, 0) != word(before, 0) || word(v, 8) != word(before, 8) {
		return otherPlainLen(v, before)
	}
	same := true
	for i := 16; i < n; i += 8 {
		at := min(i, n-8)
		if x := word(v, at); x != word(before, at) {
			if same = false; !areEightPlain(x) {
				return otherPlainLen(v, before)
			}
		}
	}
	if same {
		return -1
	}
	return n
}

// otherPlainLen is PlainLen for all other names.
func otherPlainLen(v, before []byte) int {
	most := min(len(v), MaxLen+1)
	n := Common(v[:most], before)
	if n < len(PlainStart) {
		if n = bytes.IndexByte(v[:most], 0); n < 0 || !IsPlain(v[:n]) {
			return -1
		}
	} else {
		for n < most && plainChars[v[n]] {
			n++
		}
		if n == most || v[n] != 0 {
			return -1
		}
	}
	if bytes.Equal(v[:n], before) {
		return -1
	}
	return n
}

// Common returns how many bytes two names have in common at least, in steps of
// eight.
func Common(v, before []byte) int {
	n := 0
	for most := min(len(v), len(before)) - 8; n <= most && word(v, n) == word(before, n); {
		n += 8
	}
	return n
}

// word returns the eight bytes at an index.
func word(v []byte, i int) uint64 { return binary.LittleEndian.Uint64(v[i:]) }

// areEightPlain is plainChars of eight bytes at once: those from '-' to ':' but for
// '/', the '_', and those from 'a' to 'z'.
func areEightPlain(x uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	// The top bit of a byte below 0x80 is set in from(c) where it is c or more, and
	// in not(c) where it is another. Nothing is carried from one to the next then.
	from := func(c uint64) uint64 { return x + (0x80-c)*ones }
	not := func(c uint64) uint64 { return (x ^ c*ones) + 0x7f*ones }
	plain := from('-')&^from(':'+1)&not('/') | from('a')&^from('z'+1) | ^not('_')
	return plain&^x&tops == tops
}
