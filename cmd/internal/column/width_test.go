package column

import "testing"

// TestWidth: a text is measured as a terminal shows it.
func TestWidth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want int
	}{
		{"", 0}, {"host/0", 6}, {"● 16", 4}, {"磁盘", 4}, {"ｄ", 2}, {"e\u0301", 1}, {"é", 1}, {"🖴", 1}, {"💾", 2},
		{"o\u0308\u0323x", 2}, {"한", 2}, {"\u1112\u1161\u11ab", 2}, {"±", 1}, {"🇩🇪", 2}, {"👍🏽", 4}, {"a磁é", 4},
	} {
		if got := Width(tt.text); got != tt.want {
			t.Errorf("%q: got %d, want %d", tt.text, got, tt.want)
		}
	}
}

// TestCut: what is cut has at most the columns that there are, and no half character.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"host/0", 6, "host/0"}, {"host/0", 5, "host…"}, {"磁盘磁盘", 8, "磁盘磁盘"}, {"磁盘磁盘", 7, "磁盘磁…"}, {"磁盘磁盘", 6, "磁盘…"}, {"abc", 0, ""}, {"abc", 1, "…"},
	} {
		if got := Cut(tt.text, tt.n, "…"); got != tt.want || Width(got) > tt.n {
			t.Errorf("%q at %d: got %q, want %q", tt.text, tt.n, got, tt.want)
		}
	}
	if got := Pad("磁", 4) + "|"; got != "磁  |" {
		t.Errorf("got %q", got)
	}
}
