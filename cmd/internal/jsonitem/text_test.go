package jsonitem

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzText: what a reader of the JSON gets is what there was, and nothing in
// it works on a terminal.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", `"\`, "<&>", "\u202e\U000e0041", "\xff", "a\nb\x7f", "ü磁"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := AppendString(nil, s)
		var got string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); got != want && utf8.ValidString(s) {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, r := range string(b) {
			if !unicode.IsPrint(r) {
				t.Errorf("got %q, in which %U cannot be seen", b, r)
			}
		}
	})
}
