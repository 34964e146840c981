package flags

import (
	"strings"
	"testing"
	"time"
)

// TestDurations (issue 19, 4): units as users write them; what has two readings is refused.
func TestDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"5": 5 * time.Second, "0.5": 500 * time.Millisecond, "30d": 720 * time.Hour, "2w": 336 * time.Hour, "1w2d12h": 228 * time.Hour,
		"1h30m": 90 * time.Minute, "1.5d": 36 * time.Hour, "500ms": 500 * time.Millisecond, "500MS": 500 * time.Millisecond,
		"15S": 15 * time.Second, "1H": time.Hour, "30D": 720 * time.Hour, "1H30m": 90 * time.Minute,
	} {
		var got time.Duration
		if err := NewDuration(&got).Set(text); err != nil || got != want {
			t.Errorf("%s: got %v and %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-5", "-1d", "x", "d", "1x", "1 d", "5 m", "1e3", "0x10", "Inf", "NaN", ".", "1h30", "1h0", "1d0", "5Ms", "+", "1d12", "1y", "9999999999999d", "99999999999999999999", "106751d1d"} {
		var got time.Duration
		if err := NewDuration(&got).Set(text); err == nil || !strings.HasPrefix(err.Error(), "expected a time above zero") {
			t.Errorf("%s: got %v and %v, want an error", text, got, err)
		}
	}
	for _, text := range []string{"5M", "1h30M", "1d5M"} {
		var got time.Duration
		if err := NewDuration(&got).Set(text); err != errMinutes {
			t.Errorf("%s: got %v and %v, want %v", text, got, err, errMinutes)
		}
	}
}

// TestAge: what decides on deletion has its unit.
func TestAge(t *testing.T) {
	t.Parallel()
	var got time.Duration
	if err := NewAge(&got).Set("30d"); err != nil || got != 720*time.Hour {
		t.Errorf("got %v and %v, want 720h", got, err)
	}
	for _, text := range []string{"30", "0.5", "", "x"} {
		if err := NewAge(&got).Set(text); err == nil {
			t.Errorf("%q is taken as %v, want it refused", text, got)
		}
	}
}

// TestSizes (issue 19, 4): numbers of bytes.
func TestSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1": 1, "67108864": 64 << 20, "64MiB": 64 << 20, "64 MiB": 64 << 20, "64mib": 64 << 20, "64Mi": 64 << 20, "1KiB": 1024, "2GiB": 2 << 30, "1TiB": 1 << 40, "512B": 512,
		"9223372036854775807": 1<<63 - 1,
	} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s: got %d and %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "MiB", "1.5MiB", "1ib", "1i", "1kmg", "1KM", "1PiB", "9223372036854775808", "8388608TiB", "0MiB"} {
		if got, err := parseSize(text); err != errSize {
			t.Errorf("%s: got %d and %v, want %v", text, got, err, errSize)
		}
	}
	for text, want := range map[string]string{"64M": "64M", "64MB": "64MB", "64kb": "64kb"} {
		if _, err := parseSize(text); err == nil || !strings.HasPrefix(err.Error(), strings.TrimPrefix(want, "64")+" can mean powers of 1000 or of 1024: write ") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// TestWord (issue 19, 4): the case of a word and its hyphens make no difference, as long as
// one word is meant.
func TestWord(t *testing.T) {
	t.Parallel()
	of := []string{"sha3-256", "sha256", "prefer-crc32c", "a-b", "ab"}
	for text, want := range map[string]string{
		"SHA256": "sha256", "sha-256": "sha256", "SHA_256": "sha256", "SHA3-256": "sha3-256", "sha3256": "sha3-256", "Prefer-CRC32C": "prefer-crc32c",
		"ab": "ab", "a-b": "a-b", "AB": "", "x": "", "": "",
	} {
		if got, ok := Word(text, of); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// FuzzValues: no text makes trouble, and what is taken is within its bounds.
func FuzzValues(f *testing.F) {
	for _, s := range []string{"1w2d", "5M", "64MiB", "64 kB", "1e9d", "9223372036854775807", "Transport, pfs"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ParseDuration(s); err == nil && v < 0 && !strings.HasPrefix(s, "-") {
			t.Errorf("%q: got %v", s, v)
		}
		if v, err := parseSize(s); err == nil && v < 1 {
			t.Errorf("%q: got %d", s, v)
		}
		_, _ = ParseFlags(s)
	})
}
