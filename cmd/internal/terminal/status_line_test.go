package terminal

import (
	"context"
	"io"
	"strings"
	"testing"
)

// TestStatusLineAsking: while a question waits for its answer the line stays away.
func TestStatusLineAsking(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	l := &StatusLine{W: &b, Terminal: func(io.Writer) int { return 80 }}
	l.Show("one")
	ask := l.Asking(func(context.Context, string) ([]byte, error) {
		l.Show("two")
		b.WriteString("? ")
		return []byte("answer"), nil
	})
	if answer, err := ask(t.Context(), "?"); string(answer) != "answer" || err != nil {
		t.Errorf("got %q, %v", answer, err)
	}
	l.Show("three")
	l.Show("three") // as it is there
	if got, want := b.String(), "\rone\r     \r? \rthree"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestStatusLineWidth: the line is cut to the columns of the terminal, and erased as wide
// as it was shown.
func TestStatusLineWidth(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	l := &StatusLine{W: &b, Terminal: func(io.Writer) int { return 8 }}
	l.Show("磁盘磁盘磁盘")
	l.Show("")
	if got, want := b.String(), "\r磁盘磁\r       \r"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
