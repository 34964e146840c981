package name

import (
	"bytes"
	"slices"
	"testing"
)

// TestPlainLen: of a name that is like the one before each byte counts.
func TestPlainLen(t *testing.T) {
	t.Parallel()
	const long = "iqn.2026-11.com.example:disk0123456789abcdefghijk"
	for n := len(PlainStart); n <= len(long); n++ {
		for at := range n {
			for c := range 256 {
				v := []byte(long[:n])
				v[at] = byte(c)
				want := n
				if end := slices.Index(v, 0); end >= 0 {
					want = end
				}
				if string(v) == long[:n] || !IsPlain(v[:want]) {
					want = -1
				}
				if got := PlainLen(append(v, "\x00TargetName"...), []byte(long[:n])); got != want {
					t.Fatalf("%q after %q: got %d, want %d", v, long[:n], got, want)
				}
			}
		}
	}
	for at := range 8 {
		for c := range 256 {
			for _, filler := range nameChars {
				v := bytes.Repeat([]byte{byte(filler)}, 8)
				v[at] = byte(c)
				if got, want := areEightPlain(word(v, 0)), ArePlainChars(v); got != want {
					t.Fatalf("%q: got %t, want %t", v, got, want)
				}
			}
		}
	}
}
