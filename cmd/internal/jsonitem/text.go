package jsonitem

import (
	"encoding/binary"
	"encoding/json"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// A Text is a string of which nothing that cannot be seen reaches the
// output unescaped: JSON in a terminal shall show what is there.
type Text string

// MarshalJSON writes the string.
func (s Text) MarshalJSON() ([]byte, error) { return AppendString(nil, string(s)), nil }

// plainJSON has true for the bytes that stand for themselves in a JSON string,
// one by one: ASCII that can be seen.
var plainJSON = func() (plain [256]bool) {
	for c := ' '; c <= '~'; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// arePlainJSON is plainJSON of eight bytes at once.
func arePlainJSON(x uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	// The top bit of the first byte that is not plain is set in one of these: it is
	// from 0x80 up, below a space, from 0x7f up, a quote, a backslash. Where no byte
	// is, nothing is carried from one to the next.
	quote, backslash := x^'"'*ones, x^'\\'*ones
	return (x|(x-' '*ones)|(x+ones)|(quote-ones)|(backslash-ones))&tops == 0
}

// eight returns the eight bytes at an index.
func eight[T string | []byte](s T, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// IsPlain reports whether each byte of s stands for itself. So do those of like,
// from which s may differ in little.
func IsPlain[T string | []byte](s T, like []byte) bool {
	n := 0
	for ; n+8 <= len(s); n += 8 {
		x := eight(s, n)
		if !(n+8 <= len(like) && x == eight(like, n)) && !arePlainJSON(x) {
			return false
		}
	}
	if n > 0 && n < len(s) {
		return arePlainJSON(eight(s, len(s)-8))
	}
	for ; n < len(s); n++ {
		if !plainJSON[s[n]] {
			return false
		}
	}
	return true
}

// jsonEscapes are how ASCII is written that does not stand for itself: the first bytes
// of eight.
var jsonEscapes = func() (all [utf8.RuneSelf]struct {
	text uint64
	size int
}) {
	for c := range all {
		escape := [8]byte{'\\', 'u', '0', '0', terminal.HexDigits[c>>4], terminal.HexDigits[c&15]}
		if all[c].size = 6; c == '"' || c == '\\' {
			escape[1], all[c].size = byte(c), 2
		}
		all[c].text = binary.LittleEndian.Uint64(escape[:])
	}
	return all
}()

// AppendString appends a JSON string. Bytes that are no UTF-8 become U+FFFD.
func AppendString[T string | []byte](b []byte, s T) []byte {
	u := func(r rune) { b = terminal.AppendHex(append(b, '\\', 'u'), uint32(r), 4) }
	b = append(b, '"')
	for i := 0; i < len(s); {
		plain := i
		for plain+8 <= len(s) && arePlainJSON(eight(s, plain)) {
			plain += 8
		}
		if plain > i && plain+8 > len(s) && arePlainJSON(eight(s, len(s)-8)) {
			plain = len(s)
		}
		for plain < len(s) && plainJSON[s[plain]] {
			plain++
		}
		if b = append(b, s[i:plain]...); plain == len(s) {
			break
		}
		i = plain
		if s[i] < utf8.RuneSelf {
			for ; i < len(s) && s[i] < utf8.RuneSelf && !plainJSON[s[i]]; i++ {
				e := &jsonEscapes[s[i]]
				b = binary.LittleEndian.AppendUint64(b, e.text)
				b = b[:len(b)-8+e.size]
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
		i += n
		switch {
		case terminal.IsVisible(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			r -= 0x10000
			u(0xd800 + r>>10)
			u(0xdc00 + r&0x3ff)
		default:
			u(r)
		}
	}
	return append(b, '"')
}

// Marshal is json.Marshal without the escapes for HTML.
func Marshal(v any) ([]byte, error) {
	b := new(lineBuffer)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return *b, err
}

type lineBuffer []byte

func (l *lineBuffer) Write(p []byte) (int, error) {
	*l = append(*l, p...)
	return len(p), nil
}
