package targets

import (
	"bytes"
	"sync"
)

// maxOutput is how much of a process's output is kept.
const maxOutput = 64 << 10

// output keeps the end of what a process prints.
type output struct {
	mu  sync.Mutex
	buf []byte // guarded by mu
}

// Write keeps p, and drops the oldest where there is too much.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf = append(o.buf, p...)
	if n := len(o.buf) - maxOutput; n > 0 {
		o.buf = append(o.buf[:0], o.buf[n:]...)
	}
	return len(p), nil
}

// String returns what was kept.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(bytes.TrimSpace(o.buf))
}
