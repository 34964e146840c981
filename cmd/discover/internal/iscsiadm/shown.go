package iscsiadm

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// breaksLine reports text that could be more than a line of a record: control characters
// and line separators.
func breaksLine(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) })
}

// harmful reports text that could be more than a line of a message, or look like another:
// also what turns the direction of a line, and what is no UTF-8.
func harmful(s string) bool {
	return breaksLine(s) || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) })
}

// maxShown is how much of a word of the command line a message repeats, in bytes.
const maxShown = 80

// shown returns a word of the command line for a message: one short line.
func shown(s string) string {
	if harmful(s) {
		s = strings.Trim(fmt.Sprintf("%+q", s), `"`)
	}
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return s
}

// shownWord is shown of what may be an option that was taken for a word, or a key with its
// value: what stands behind the letter, or the sign, may be a secret.
func shownWord(s string) string {
	s, _, _ = strings.Cut(s, "=")
	if strings.HasPrefix(s, "-") {
		s = s[:min(2, len(s))]
	}
	return shown(s)
}
