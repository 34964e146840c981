package app

import (
	"testing"
	"time"
)

// TestTimeOf: a version without a tag has the time of its commit, and a tag has none.
func TestTimeOf(t *testing.T) {
	t.Parallel()
	commit := time.Date(2026, 11, 30, 2, 15, 0, 0, time.UTC)
	for version, want := range map[string]time.Time{
		"v0.0.0-20261130021500-0123456789ab":         commit,
		"v1.2.4-0.20261130021500-0123456789ab+dirty": commit,
		"v1.2.3":    {},
		"(devel)":   {},
		"v1.2.3-rc": {},
		"":          {},
	} {
		if got := timeOf(version); !got.Equal(want) {
			t.Errorf("%q: got %v, want %v", version, got, want)
		}
	}
}
