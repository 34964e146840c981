package machine

import (
	"bytes"
	"errors"
)

// ErrUTF16 is a file that an editor has saved in the wrong encoding. Its bytes would
// be taken for other characters than those that the user sees.
var ErrUTF16 = errors.New("the file is UTF-16: save it as UTF-8")

// UTF8Text returns what is in a file without the byte-order mark of UTF-8, which
// editors put there and do not show.
func UTF8Text(b []byte) ([]byte, error) {
	if IsUTF16(b) {
		return nil, ErrUTF16
	}
	return bytes.TrimPrefix(b, []byte("\ufeff")), nil
}

// IsUTF16 reports the start of a file in UTF-16: its byte-order mark, or a NUL in
// every other byte, as characters of ASCII have it.
func IsUTF16(b []byte) bool {
	if bytes.HasPrefix(b, []byte("\xfe\xff")) || bytes.HasPrefix(b, []byte("\xff\xfe")) {
		return true
	}
	even, odd := len(b) > 1, len(b) > 1 // all of these are NUL
	for i, c := range b {
		switch {
		case c == 0:
		case i%2 == 0:
			even = false
		default:
			odd = false
		}
	}
	return even != odd
}
