package main

import (
	"io"
	"runtime"
	"sync"
)

// maxBuffered is how many bytes a stream holds before its writer has to wait.
const maxBuffered = 256 << 10

// A stream writes at once what it is given, by a goroutine of its own: while
// one write is under way, what comes meanwhile is gathered for the next. So a
// reader sees each line the moment that it is there, and a million of them cost
// few writes.
type stream struct {
	w      io.Writer
	failed func(error) // told of the first write that fails
	done   chan struct{}

	mu      sync.Mutex // guards the following
	change  sync.Cond
	pending [][]byte
	size    int      // of all that is pending, in bytes
	spare   [][]byte // memory that was written, for the next
	writing bool
	closed  bool
	err     error // of the first write that failed; all later ones fail with it
}

// maxSpare is how much memory is kept for what comes, in pieces: as much as may be
// pending.
const maxSpare = maxBuffered/maxLines + 2

func newStream(w io.Writer, failed func(error)) *stream {
	s := &stream{w: w, failed: failed, done: make(chan struct{})}
	s.change.L = &s.mu
	go s.run()
	return s
}

// Write takes whole lines.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(); err != nil {
		return 0, err
	}
	if last := len(s.pending) - 1; last >= 0 && len(s.pending[last]) < maxLines {
		s.pending[last] = append(s.pending[last], p...)
		s.size += len(p)
	} else {
		s.enter(append(s.empty(), p...))
	}
	return len(p), nil
}

// take is Write for many lines, without a copy: their memory is the stream's
// from then on, and it gives other memory for it.
func (s *stream) take(lines []byte) (other []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(); err != nil {
		return lines[:0], err
	}
	s.enter(lines)
	if other = s.empty(); other == nil {
		other = make([]byte, 0, cap(lines))
	}
	return other, nil
}

// room waits until there is room.
func (s *stream) room() error {
	for s.err == nil && s.size > maxBuffered {
		s.change.Wait()
	}
	return s.err
}

// enter adds lines to what is pending.
func (s *stream) enter(lines []byte) {
	first := len(s.pending) == 0
	s.pending = append(s.pending, lines)
	if s.size += len(lines); first && !s.writing {
		s.change.Broadcast()
	}
}

// empty returns memory for lines.
func (s *stream) empty() []byte {
	last := len(s.spare) - 1
	if last < 0 {
		return nil
	}
	b := s.spare[last]
	s.spare = s.spare[:last]
	return b
}

// Flush waits until all is written.
func (s *stream) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && (len(s.pending) > 0 || s.writing) {
		s.change.Wait()
	}
	return s.err
}

// Close flushes, and ends the goroutine.
func (s *stream) Close() error {
	err := s.Flush()
	s.mu.Lock()
	s.closed = true
	s.change.Broadcast()
	s.mu.Unlock()
	<-s.done
	return err
}

func (s *stream) run() {
	defer close(s.done)
	var batch [][]byte
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(s.pending) == 0 && !s.closed {
			s.change.Wait()
			// Who is about to add to it goes first: that costs a moment, and only
			// where there is much.
			s.mu.Unlock()
			runtime.Gosched()
			s.mu.Lock()
		}
		if len(s.pending) == 0 || s.err != nil {
			return
		}
		batch, s.pending, s.size = s.pending, batch[:0], 0
		s.writing = true
		s.mu.Unlock()
		err := s.write(batch)
		s.mu.Lock()
		for _, b := range batch {
			if len(s.spare) < maxSpare {
				s.spare = append(s.spare, b[:0])
			}
		}
		s.writing = false
		if err != nil {
			s.err = err
		}
		s.change.Broadcast()
	}
}

// write writes all of a batch.
func (s *stream) write(batch [][]byte) error {
	for _, b := range batch {
		if _, err := s.w.Write(b); err != nil {
			s.failed(err)
			return err
		}
	}
	return nil
}
