package control

import (
	"io"
	"sync"
)

// window is how many bytes may be on their way to the guest. Its kernel keeps
// 4095 that nobody has read; when there are more, the serial line of user-mode
// Linux 6.1 stops, and does not begin again.
const window = 2048

// A windowWriter writes to a line no more than the other end has room for.
type windowWriter struct {
	line io.Writer

	mu    sync.Mutex
	taken sync.Cond // room or gone has changed
	room  int       // guarded by mu: bytes that may be written now
	gone  bool      // guarded by mu: the line has ended
}

func newWindowWriter(line io.Writer) *windowWriter {
	w := &windowWriter{line: line, room: window}
	w.taken.L = &w.mu
	return w
}

// Write writes all of p, in parts as there is room.
func (w *windowWriter) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		part, err := w.take(len(p) - written)
		if err != nil {
			return written, err
		}
		n, err := w.line.Write(p[written : written+part])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// take waits for room and takes as much of it as is wanted and there.
func (w *windowWriter) take(want int) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.room == 0 && !w.gone {
		w.taken.Wait()
	}
	if w.gone {
		return 0, ErrGone
	}
	n := min(want, w.room)
	w.room -= n
	return n, nil
}

// more says that the other end has taken n bytes.
func (w *windowWriter) more(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.room += n
	w.taken.Signal()
}

// end says that the line has ended.
func (w *windowWriter) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	w.taken.Broadcast()
}

// A windowReader tells the other end what was taken from the line.
type windowReader struct {
	line  io.Reader
	taken func(n int) error
}

func (r windowReader) Read(p []byte) (int, error) {
	n, err := r.line.Read(p)
	if n > 0 {
		if err := r.taken(n); err != nil {
			return 0, err
		}
	}
	return n, err
}
