// Package output keeps what a process or a command under test prints, while the test reads it.
package output

import (
	"bytes"
	"sync"
)

// A Buffer keeps what is written to it. The zero value is an empty one that keeps all. Its
// methods may be called from several goroutines.
type Buffer struct {
	Limit int // how many bytes are kept, from the beginning on; 0: all

	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
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
	return len(p), nil
}

// String returns what was kept so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
