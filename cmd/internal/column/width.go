package column

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Width returns how many columns of a terminal a text takes: East Asian wide characters
// take two, marks above and below others none.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Cut returns a text that takes at most n columns: where it does not fit, its beginning
// and an ellipsis.
func Cut(s string, n int, ellipsis string) string {
	if len(s) <= n || Width(s) <= n {
		return s
	}
	room := n - Width(ellipsis)
	if room < 0 {
		ellipsis, room = "", n
	}
	at := 0
	for i, r := range s {
		if at += runeWidth(r); at > room {
			return s[:i] + ellipsis
		}
	}
	return s + ellipsis
}

// Pad returns a text with spaces behind it, so that it takes n columns at least.
func Pad(s string, n int) string {
	if missing := n - Width(s); missing > 0 {
		return s + strings.Repeat(" ", missing)
	}
	return s
}
