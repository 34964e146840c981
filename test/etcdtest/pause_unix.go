//go:build unix

package etcdtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Pause stops the server's process: its connections stay, and it answers nothing. On
// Linux it returns when all of the process's threads stand still.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	s.wantOwn(t)
	s.signal(t, syscall.SIGSTOP)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.After(healthLimit)
	for !stopped(s.process.Pid()) {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%v does not stop", s)
		}
	}
}

// Resume lets a server that was paused go on.
func (s *Server) Resume(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.process.Signal(sig); err != nil {
		t.Fatalf("%v: %v", s, err)
	}
}

// stopped reports whether all threads of a process are stopped (proc(5)); true where the
// system does not tell.
func stopped(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid)) // the pattern is a good one
	for _, path := range threads {
		stat, err := os.ReadFile(path)
		if _, state, ok := bytes.Cut(stat, []byte(") ")); err == nil && ok && !bytes.HasPrefix(state, []byte("T")) {
			return false
		}
	}
	return true
}
