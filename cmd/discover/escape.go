package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape makes text from elsewhere fit for a terminal and for one line: what
// cannot be seen becomes \xNN, \uNNNN or \UNNNNNNNN, and a backslash two.
func escape(s string) string { return visible(strings.ReplaceAll(s, `\`, `\\`)) }

// visible is escape for text in which backslashes are escapes already, or do no
// harm: controls, ANSI sequences, line ends, marks that turn the direction of
// writing and bytes that are no UTF-8 do not get through.
func visible(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
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

// quoted returns an argument for an error: in quotes, and not too much of it.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
