package column

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Width returns how many columns of a terminal a text takes that has no invisible
// characters (terminal.Visible): East Asian wide characters and emoji take two, marks above
// and below others none. What is wide only in East Asian fonts (ambiguous) takes one.
func Width[Text string | []byte](s Text) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return i + widthOfRunes(string(s[i:]))
		}
	}
	return len(s)
}

func widthOfRunes(s string) (n int) {
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me), isJoining(r):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// isJoining reports the vowels and final consonants of Hangul that a terminal puts into
// the syllable before them.
func isJoining(r rune) bool { return 0x1160 <= r && r <= 0x11ff || 0xd7b0 <= r && r <= 0xd7ff }

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
