package fleet

import (
	"bytes"
	"sync"
)

// A text is what a process writes.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

func (x *text) len() int { return len(x.String()) }
