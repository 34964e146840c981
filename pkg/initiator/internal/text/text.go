package text

import "strconv"

// Shown returns s, quoted where it is not fit for a line as it is.
func Shown(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return Quote([]byte(s))
		}
	}
	return s
}

// Cut shortens s to at most n bytes, for use in a message.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// maxQuoted is how many bytes of what a target sent stand in a message.
const maxQuoted = 256

// Quote makes what a target sent fit for a message: quoted, bounded, and
// nothing but printable ASCII.
func Quote(v []byte) string { return QuoteMost(v, maxQuoted) }

// QuoteMost is quote with another bound.
func QuoteMost(v []byte, most int) string {
	if len(v) > most {
		return strconv.QuoteToASCII(string(v[:most])) + "…"
	}
	return strconv.QuoteToASCII(string(v))
}
