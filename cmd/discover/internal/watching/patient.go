package watching

import (
	"errors"
	"io"
	"time"
)

// patience is how long the end of a watch waits for a reader.
const patience = 2 * time.Second

// errUnread is why a watch ends although not all of it is written.
var errUnread = errors.New("the watch has ended, and the reader of its output does not take the rest")

// A Patient writes to one that may read slowly, or not at all: a pipe whose reader hangs,
// a terminal that was stopped. It waits as long as the watch goes on, and not much longer.
type Patient struct {
	W    io.Writer
	Done <-chan struct{} // closed: the watch is to end
}

// Write writes b, which stays as it is from then on.
func (p *Patient) Write(b []byte) (n int, err error) {
	written := make(chan struct{})
	var m int
	var failed error
	go func() {
		defer close(written)
		m, failed = p.W.Write(b)
	}()
	select {
	case <-written:
		return m, failed
	case <-p.Done:
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-written:
		return m, failed
	case <-t.C:
		return 0, errUnread
	}
}
