package terminal

import (
	"regexp"
	"strconv"
	"testing"
	"unicode"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "iqn.2026-11.com.example:disk1", "iqn.2026-11.com.example:disk1"},
		{"letters", "Ünïcödé 磁盤", "Ünïcödé 磁盤"},
		{"line ends", "a\nb\rc\td", `a\x0ab\x0dc\x09d`},
		{"ANSI", "\x1b[31m", `\x1b[31m`},
		{"C1 control", "a\u009b31m", `a\u009b31m`},
		{"direction", "a\u202eb\u2066c", `a\u202eb\u2066c`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"joiner", "a\u200db", `a\u200db`},
		{"variation selector", "\u2764\ufe0f", "\u2764\\ufe0f"},
		{"filler", "a\u3164b\u115f", `a\u3164b\u115f`},
		{"mark below", "e\u0323", "e\u0323"},
		{"no-break space", "a\u00a0b", `a\u00a0b`},
		{"tag", "a\U000e0041", `a\U000e0041`},
		{"no UTF-8", "a\xff\xc0\x80", `a\xff\xc0\x80`},
		{"backslash", `a\x1b`, `a\\x1b`},
		{"DEL", "a\x7f", `a\x7f`},
		{"replacement", "a\ufffd", "a\ufffd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Escape(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzEscape: nothing gets through that cannot be seen, and what was there can
// be told from what came out.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a\nb", "\\x0a", "\xff", "\u202e", "ü", "\U000e0041"} {
		f.Add(s)
	}
	escapes := regexp.MustCompile(`\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})`)
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		for _, r := range got {
			if !unicode.IsPrint(r) || unicode.Is(unicode.Variation_Selector, r) {
				t.Errorf("got %q, in which %U cannot be seen", got, r)
			}
		}
		back := escapes.ReplaceAllStringFunc(got, func(e string) string {
			if e == `\\` {
				return `\`
			}
			n, err := strconv.ParseUint(e[2:], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			if e[1] == 'x' {
				return string([]byte{byte(n)})
			}
			return string(rune(n))
		})
		if back != s {
			t.Errorf("got %q of %q, which means %q", got, s, back)
		}
	})
}
