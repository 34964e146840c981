package machine

import "testing"

// TestTextOfFile: what is taken for UTF-16, and what of a file is its text.
func TestTextOfFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       string // empty: it is UTF-16
	}{
		{name: "plain", file: "secret", want: "secret"},
		{name: "a mark", file: "\ufeffsecret", want: "secret"},
		{name: "two marks", file: "\ufeff\ufeffsecret", want: "\ufeffsecret"},
		{name: "a mark within", file: "sec\ufeffret", want: "sec\ufeffret"},
		{name: "half a mark", file: "\xef\xbb", want: "\xef\xbb"},
		{name: "bytes", file: "\x80\xfe\xff", want: "\x80\xfe\xff"},
		{name: "one byte", file: "\x00", want: "\x00"},
		{name: "all NUL", file: "\x00\x00\x00\x00", want: "\x00\x00\x00\x00"},
		{name: "NUL in some places", file: "a\x00bc", want: "a\x00bc"},
		{name: "a mark of UTF-16 and no more", file: "\xff\xfe"},
		{name: "odd length", file: "\xfe\xff\x00a\x00"},
		{name: "one character", file: "a\x00"},
		{name: "one character, big end first", file: "\x00a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := UTF8Text([]byte(tt.file))
			if tt.want == "" {
				if err != ErrUTF16 || got != nil {
					t.Errorf("got %q and %v", got, err)
				}
			} else if err != nil || string(got) != tt.want {
				t.Errorf("got %q and %v, want %q", got, err, tt.want)
			}
		})
	}
}
