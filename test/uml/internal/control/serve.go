package control

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// A server answers requests in the guest.
type server struct {
	running sync.WaitGroup // commands

	mu    sync.Mutex
	out   *gob.Encoder                  // guarded by mu
	abort map[uint64]context.CancelFunc // guarded by mu: commands that run
}

// Serve says that the guest is ready, or that it failed to become so, and then
// answers what comes in over the line, until the line ends. What still runs then
// is ended.
func Serve(line io.ReadWriter, failure error) error {
	s := &server{out: gob.NewEncoder(line), abort: make(map[uint64]context.CancelFunc)}
	defer s.endAll()
	if err := s.reply(done(0, failure)); err != nil {
		return err
	}
	in := gob.NewDecoder(windowReader{line: line, taken: func(n int) error { return s.reply(Reply{Taken: n}) }})
	for {
		var r Request
		switch err := in.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("control: %w", err)
		}
		switch {
		case r.Abort:
			s.end(r.ID)
		case r.Run != nil:
			// Begun here, and not beside: an Abort may be next.
			ctx := s.begin(r.ID)
			s.running.Go(func() {
				defer s.end(r.ID)
				_ = s.reply(run(ctx, r.ID, r.Run, s.reply)) // the line's end is seen above
			})
		default:
			if err := s.reply(done(r.ID, errors.Join(put(r.Put), remove(r.Remove)))); err != nil {
				return err
			}
		}
	}
}

func (s *server) begin(id uint64) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abort[id] = cancel
	return ctx
}

// end ends a command, if it still runs.
func (s *server) end(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, ok := s.abort[id]; ok {
		cancel()
		delete(s.abort, id)
	}
}

// endAll ends all commands and waits for their ends.
func (s *server) endAll() {
	s.mu.Lock()
	for _, cancel := range s.abort {
		cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
}

func (s *server) reply(r Reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.out.Encode(r); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	return nil
}

// done is the last reply to a request.
func done(id uint64, err error) Reply {
	r := Reply{ID: id, Done: true}
	if err != nil {
		r.Error = err.Error()
	}
	return r
}

// put makes files.
func put(files []File) error {
	for _, f := range files {
		folder := f.Path
		if !f.Mode.IsDir() {
			folder = filepath.Dir(f.Path)
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("control: %w", err)
		}
		if f.Mode.IsDir() {
			continue
		}
		if err := os.WriteFile(f.Path, f.Data, f.Mode.Perm()); err != nil {
			return fmt.Errorf("control: %w", err)
		}
	}
	return nil
}

// remove removes files and empty folders.
func remove(paths []string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("control: %w", err)
		}
	}
	return nil
}
