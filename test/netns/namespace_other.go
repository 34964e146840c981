//go:build !linux

package netns

import (
	"errors"
	"net/netip"
	"os/exec"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
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

// Own skips the test.
func Own(t testing.TB) *Namespace {
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

// The rest fails the test, which without a namespace does not get here.

// Connect fails the test.
func Connect(t testing.TB, _ *Namespace, _ string, _ *Namespace, _ string) { fail(t) }

// Up fails the test.
func (n *Namespace) Up(t testing.TB, _ string) { fail(t) }

// Down fails the test.
func (n *Namespace) Down(t testing.TB, _ string) { fail(t) }

// Sysctl fails the test.
func (n *Namespace) Sysctl(t testing.TB, _, _ string) { fail(t) }

// AddAddress fails the test.
func (n *Namespace) AddAddress(t testing.TB, _ string, _ netip.Prefix) { fail(t) }

// RemoveAddress fails the test.
func (n *Namespace) RemoveAddress(t testing.TB, _ string, _ netip.Prefix) { fail(t) }

// AddRoute fails the test.
func (n *Namespace) AddRoute(t testing.TB, _ Route) { fail(t) }

// AddRule fails the test.
func (n *Namespace) AddRule(t testing.TB, _ Rule) { fail(t) }

func fail(t testing.TB) {
	t.Helper()
	t.Fatal(errLinux)
}

func (n *Namespace) enter() error { return errLinux }

func dieWithParent(*exec.Cmd) {}
