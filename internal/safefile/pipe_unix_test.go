//go:build unix

package safefile_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// TestOpenPipe: a pipe is refused, and not waited for.
func TestOpenPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := safefile.Open(path)
	var k *safefile.KindError
	if !errors.As(err, &k) || k.Kind != "a named pipe" {
		t.Errorf("got %v, want a KindError: a named pipe", err)
	}
}
