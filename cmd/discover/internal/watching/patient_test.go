package watching

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestPatient: a reader that is slow is waited for as long as the watch goes on, and one
// that reads nothing does not keep it from its end.
func TestPatient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		done := make(chan struct{})
		p := &Patient{W: w, Done: done}
		go func() {
			time.Sleep(time.Hour)
			_, _ = r.Read(make([]byte, 1))
		}()
		if n, err := p.Write([]byte("a")); n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		time.AfterFunc(time.Minute, func() { close(done) })
		begun := time.Now()
		if _, err := p.Write([]byte("b")); !errors.Is(err, errUnread) || time.Since(begun) != time.Minute+patience {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		r.Close()
	})
}
