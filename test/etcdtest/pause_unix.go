//go:build unix

package etcdtest

import (
	"syscall"
	"testing"
)

// Pause stops the server's process: its connections stay, and it answers nothing.
func (s *Server) Pause(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Resume lets a server that was paused go on.
func (s *Server) Resume(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.process.Signal(sig); err != nil {
		t.Fatalf("%v: %v", s, err)
	}
}
