package stream

import (
	"io"
	"runtime"
	"sync"
)

// maxBuffered is how many bytes a stream holds before its writer has to wait.
const maxBuffered = 256 << 10

// A Stream writes at once what it is given, by a goroutine of its own: while
// one write is under way, what comes meanwhile is gathered for the next. So a
// reader sees each line the moment that it is there, and a million of them cost
// few writes. Where many lines come at once while no write is under way, the caller's
// goroutine writes them.
type Stream struct {
	w      io.Writer
	failed func(error) // told of the first write that fails; nil: no function is
	done   chan struct{}

	mu      sync.Mutex // guards the following
	more    sync.Cond  // there is something to write, or it is over
	less    sync.Cond  // something was written, or failed to be
	pending [][]byte
	size    int      // of all that is pending, in bytes
	spare   [][]byte // memory that was written, for the next
	writing bool
	closed  bool
	err     error // of the first write that failed; all later ones fail with it
}

// maxSpare is how much memory is kept for what comes, in pieces: as much as may be
// pending.
const maxSpare = maxBuffered/MaxLines + 2

// New returns a stream to w. failed is told of the first write that fails; nil: no
// function is.
func New(w io.Writer, failed func(error)) *Stream {
	s := &Stream{w: w, failed: failed, done: make(chan struct{})}
	s.more.L, s.less.L = &s.mu, &s.mu
	go s.run()
	return s
}

// Write takes whole lines.
func (s *Stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(); err != nil {
		return 0, err
	}
	if last := len(s.pending) - 1; last >= 0 && len(s.pending[last]) < MaxLines {
		s.pending[last] = append(s.pending[last], p...)
		s.size += len(p)
	} else {
		s.enter(append(s.empty(), p...))
	}
	return len(p), nil
}

// Take does what Write does, for many lines and without a copy: their memory is the
// stream's from then on, and it gives other memory for it. Where no write is under way the
// caller's goroutine writes them: it would cost more to wake the stream's.
func (s *Stream) Take(lines []byte) (other []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(); err != nil {
		return lines[:0], err
	}
	if len(s.pending) == 0 && !s.writing {
		return lines[:0], s.writeNow(lines)
	}
	s.enter(lines)
	if other = s.empty(); other == nil {
		other = make([]byte, 0, cap(lines))
	}
	return other, nil
}

// room waits until there is room.
func (s *Stream) room() error {
	for s.err == nil && s.size > maxBuffered {
		s.less.Wait()
	}
	return s.err
}

// enter adds lines to what is pending.
func (s *Stream) enter(lines []byte) {
	first := len(s.pending) == 0
	s.pending = append(s.pending, lines)
	if s.size += len(lines); first && !s.writing {
		s.more.Signal()
	}
}

// empty returns memory for lines.
func (s *Stream) empty() []byte {
	last := len(s.spare) - 1
	if last < 0 {
		return nil
	}
	b := s.spare[last]
	s.spare = s.spare[:last]
	return b
}

// Flush waits until all is written.
func (s *Stream) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && (len(s.pending) > 0 || s.writing) {
		s.less.Wait()
	}
	return s.err
}

// Close flushes, and ends the goroutine.
func (s *Stream) Close() error {
	err := s.Flush()
	s.mu.Lock()
	s.closed = true
	s.more.Signal()
	s.mu.Unlock()
	<-s.done
	return err
}

func (s *Stream) run() {
	defer close(s.done)
	var batch [][]byte
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for (len(s.pending) == 0 || s.writing) && !s.closed {
			s.more.Wait()
			// A goroutine that is about to add to it goes first: that costs a moment, and only
			// where there is much.
			s.mu.Unlock()
			runtime.Gosched()
			s.mu.Lock()
		}
		if len(s.pending) == 0 || s.err != nil {
			return
		}
		batch, s.pending, s.size = s.pending, batch[:0], 0
		_ = s.writeNow(batch...) // the next Write returns the error
		for _, b := range batch {
			if len(s.spare) < maxSpare {
				s.spare = append(s.spare, b[:0])
			}
		}
	}
}

// writeNow writes, and lets others bring lines meanwhile.
func (s *Stream) writeNow(batch ...[]byte) (err error) {
	s.writing = true
	s.mu.Unlock()
	for _, lines := range batch {
		if _, err = s.w.Write(lines); err != nil {
			if s.failed != nil {
				s.failed(err)
			}
			break
		}
	}
	s.mu.Lock()
	s.writing = false
	if err != nil {
		s.err = err
	}
	s.less.Broadcast()
	if len(s.pending) > 0 {
		s.more.Signal()
	}
	return err
}
