//go:build !linux

package netns

import (
	"errors"
	"os/exec"
	"testing"

	"github.com/go-iscsi/discovery/test/targets/need"
)

var errLinux = errors.New("netns: network namespaces are Linux's")

// A Namespace does not exist on this system: only the nil one does.
type Namespace struct{}

// New skips the test.
func New(t testing.TB) *Namespace {
	t.Helper()
	need.Root(t)
	return nil
}

// Do runs f.
func (n *Namespace) Do(f func() error) error {
	if n != nil {
		return errLinux
	}
	return f()
}

// Sysctl fails the test.
func (n *Namespace) Sysctl(t testing.TB, _, _ string) {
	t.Helper()
	t.Fatal(errLinux)
}

func (n *Namespace) enter() error { return errLinux }

func dieWithParent(*exec.Cmd) {}
