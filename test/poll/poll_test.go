package poll_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/test/poll"
)

// A failure stands in for a test, and keeps how it failed.
type failure struct {
	testing.TB
	text string
}

func (f *failure) Helper() {}

func (f *failure) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// TestUntil: what has to be is asked for until it is so, or until the limit, which fails the test
// with what was there instead.
func TestUntil(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		after int // questions
		want  string
	}{
		{"at once", 1, ""},
		{"later", 5, ""},
		{"never", 1 << 30, "the thing: not within 2.99s; there is instead: no 60"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, asked, done := &failure{TB: t}, 0, make(chan struct{})
				go func() {
					defer close(done)
					poll.Until(f, 2990*time.Millisecond, "the thing", func() string {
						if asked++; asked >= tt.after {
							return ""
						}
						return fmt.Sprintf("no %d", asked)
					})
				}()
				<-done
				if f.text != tt.want {
					t.Errorf("got %q, want %q", f.text, tt.want)
				}
			})
		})
	}
}
