package output_test

import (
	"testing"

	"github.com/go-iscsi/discovery/test/output"
)

// A Buffer keeps all, or the beginning; a writer is never told that there is no room.
func TestBuffer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limit int
		want  string
	}{{0, "onetwothree"}, {5, "onetw"}, {3, "one"}} {
		b := output.Buffer{Limit: tt.limit}
		for _, s := range []string{"one", "two", "three"} {
			if n, err := b.Write([]byte(s)); n != len(s) || err != nil {
				t.Errorf("limit %d: got %d, %v", tt.limit, n, err)
			}
		}
		if got := b.String(); got != tt.want {
			t.Errorf("limit %d: got %q, want %q", tt.limit, got, tt.want)
		}
	}
}
