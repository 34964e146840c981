// Package output keeps what a process or a command under test prints, while the test reads it.
package output

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A Buffer keeps what is written to it. The zero value is an empty one that keeps all. Its
// methods may be called from several goroutines.
type Buffer struct {
	Limit int // how many bytes are kept, from the beginning on; 0: all

	mu      sync.Mutex
	text    bytes.Buffer  // guarded by mu
	written chan struct{} // guarded by mu; closed by the next write; nil: nobody waits for it
}

// Write keeps p, as far as there is room. It never fails, so that no writer ends for it.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := p
	if b.Limit > 0 {
		kept = p[:min(len(p), max(0, b.Limit-b.text.Len()))]
	}
	b.text.Write(kept)
	if b.written != nil {
		close(b.written)
		b.written = nil
	}
	return len(p), nil
}

// String returns what was kept so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Await waits until what was kept has a text, and for a limit at most. The error has all that was
// kept.
func (b *Buffer) Await(limit time.Duration, text string) error {
	end := time.NewTimer(limit)
	defer end.Stop()
	for {
		is, changed := b.now()
		if strings.Contains(is, text) {
			return nil
		}
		select {
		case <-changed:
		case <-end.C:
			return fmt.Errorf("%q was not written within %v, but\n%s", text, limit, is)
		}
	}
}

// now returns what was kept so far, and a channel that the next write closes.
func (b *Buffer) now() (text string, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.written == nil {
		b.written = make(chan struct{})
	}
	return b.text.String(), b.written
}
