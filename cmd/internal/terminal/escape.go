package terminal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes text from elsewhere fit for a terminal and for one line: what
// cannot be seen becomes \xNN, \uNNNN or \UNNNNNNNN, and a backslash two.
func Escape(s string) string { return Visible(strings.ReplaceAll(s, `\`, `\\`)) }

// Visible does what Escape does, but leaves backslashes as they are, which are escapes
// already or do no harm: controls, ANSI sequences, line ends, marks that turn the direction of
// writing and bytes that are no UTF-8 do not get through.
func Visible(s string) string {
	if isPlain(s) {
		return s
	}
	b := make([]byte, 0, 4*len(s))
	for i, size := 0, 0; i < len(s); i += size {
		if c := s[i]; c < utf8.RuneSelf {
			if size = 1; ' ' <= c && c <= '~' {
				b = append(b, c)
			} else {
				b = append(b, '\\', 'x', HexDigits[c>>4], HexDigits[c&15])
			}
			continue
		}
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = AppendHex(append(b, `\x`...), uint32(s[i]), 2)
		case IsVisible(r):
			b = append(b, s[i:i+size]...)
		case r > 0xffff:
			b = AppendHex(append(b, `\U`...), uint32(r), 8)
		default:
			b = AppendHex(append(b, `\u`...), uint32(r), 4)
		}
	}
	return string(b)
}

// IsVisible reports characters that a terminal shows: not those that only change how
// others are shown, such as variation selectors, nor fillers. A mark above or below a letter
// is visible.
func IsVisible(r rune) bool {
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// HexDigits are the digits of AppendHex.
const HexDigits = "0123456789abcdef"

// AppendHex appends the last digits of a number in hexadecimal.
func AppendHex(b []byte, n uint32, digits int) []byte {
	for ; digits > 0; digits-- {
		b = append(b, HexDigits[n>>(4*(digits-1))&15])
	}
	return b
}

// isPlain reports printable ASCII.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
