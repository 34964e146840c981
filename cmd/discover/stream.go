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
	pending []byte
	writing bool
	closed  bool
	err     error // of the first write that failed; all later ones fail with it
}

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
	for s.err == nil && len(s.pending) > maxBuffered {
		s.change.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	first := len(s.pending) == 0
	if s.pending = append(s.pending, p...); first && !s.writing {
		s.change.Broadcast()
	}
	return len(p), nil
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
	var batch []byte
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
		batch, s.pending = s.pending, batch[:0]
		s.writing = true
		s.mu.Unlock()
		_, err := s.w.Write(batch)
		if err != nil {
			s.failed(err)
		}
		s.mu.Lock()
		s.writing = false
		if err != nil {
			s.err = err
		}
		s.change.Broadcast()
	}
}
