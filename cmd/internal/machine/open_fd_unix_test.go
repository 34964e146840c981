//go:build unix

package machine

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
)

// TestOpenFD (issue 13, 7): descriptors of this process itself are no way to a
// secret; one that was inherited is.
func TestOpenFD(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("a secret"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := openFD(int(r.Fd())); !errors.Is(err, errNotInherited) {
		t.Errorf("our own descriptor: got %v", err)
	}
	// As the starter of a program leaves it: without FD_CLOEXEC.
	n, err := syscall.Dup(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := openFD(n)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "a secret" {
		t.Errorf("got %q, %v", b, err)
	}
}
