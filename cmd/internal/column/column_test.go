package column

import (
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	long := strings.Repeat("x", LineLength)
	for _, tt := range []struct{ words, want string }{
		{"", "  \n"},
		{" a  b\tc ", "  a b c\n"},
		{strings.Repeat("word ", 16), "  " + strings.Repeat("word ", 14) + "word\n  word\n"},
		{"a " + long + " b", "  a\n  " + long + "\n  b\n"},
	} {
		var b strings.Builder
		b.WriteString("  ")
		if Write(&b, 2, tt.words); b.String() != tt.want {
			t.Errorf("%q: got %q, want %q", tt.words, b.String(), tt.want)
		}
	}
}
