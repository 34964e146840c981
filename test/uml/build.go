//go:build linux

package uml

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// guestd is what a guest runs first.
var guestd = sync.OnceValues(func() ([]byte, error) {
	return Program{Name: "guestd", Package: "github.com/go-iscsi/discovery/test/uml/guestd"}.build()
})

// guestdFile has the same program for use on the test's side, without a name.
var guestdFile = sync.OnceValues(func() (*os.File, error) {
	b, err := guestd()
	if err != nil {
		return nil, err
	}
	return unnamedFile("guestd", b)
})

// build returns the program's executable file.
func (p Program) build() ([]byte, error) {
	if p.Built != "" {
		return readProgram(p.Built)
	}
	folder, err := os.MkdirTemp("", "guest-program")
	if err != nil {
		return nil, fmt.Errorf("uml: %w", err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, p.Name)
	args := []string{"build"}
	if p.Test {
		args = []string{"test", "-c"}
	}
	args = append(args, "-buildvcs=false", "-ldflags=-s -w", "-o", path, p.Package)
	cmd := exec.Command("go", args...)
	// Nothing to load: what this test was built from is there already.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOPROXY=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("uml: build %s: %w: %s", p.Package, err, out)
	}
	return readProgram(path)
}

func readProgram(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("uml: %w", err)
	}
	return b, nil
}

// unnamedFile returns a file that is gone when nobody has it open any more.
func unnamedFile(name string, data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("uml: %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err := f.Write(data); err != nil {
		f.Close()
		return nil, fmt.Errorf("uml: %s: %w", name, err)
	}
	return f, nil
}
