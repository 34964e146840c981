//go:build linux

package uml

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/uml/internal/control"
)

type (
	// A Command is a program to run in a guest.
	Command = control.Command
	// A File is one to make in a guest.
	File = control.File
	// An ExitError is the error of a command that did not end well.
	ExitError = control.ExitError
)

// runLimit is how long Run and Put may take.
const runLimit = time.Minute

var errSlow = errors.New("uml: the guest took too long")

// within returns the context of a short command. It is good in a test's Cleanup,
// too.
func within(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.WithoutCancel(t.Context()), runLimit, errSlow)
}

// Run runs a command in the guest and returns what it printed to standard
// output. If it fails, so does the test.
func (g *Guest) Run(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	out, err := g.Output(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Put makes files in the guest, in order; it is also how to set attributes of
// its kernel. If that fails, so does the test.
func (g *Guest) Put(t testing.TB, files ...File) {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	if err := g.client.Put(ctx, files...); err != nil {
		t.Fatal(err)
	}
}

// Remove removes files and empty folders in the guest, in order. If that fails,
// so does the test.
func (g *Guest) Remove(t testing.TB, paths ...string) {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	if err := g.client.Remove(ctx, paths...); err != nil {
		t.Fatal(err)
	}
}

// Output runs a command in the guest until its end, or that of the context, and
// returns what it printed to standard output.
func (g *Guest) Output(ctx context.Context, args ...string) (string, error) {
	var out strings.Builder
	err := g.Exec(ctx, Command{Args: args}, &out)
	return out.String(), err
}

// Exec is like Output, with all that a Command can say, and writes what the
// command prints as it comes. The error is an *ExitError where the command ran
// and ended badly; its text has what went to standard error.
func (g *Guest) Exec(ctx context.Context, cmd Command, stdout io.Writer) error {
	var stderr tail
	if err := g.client.Run(ctx, cmd, stdout, &stderr); err != nil {
		return fmt.Errorf("uml: %s: %w: %s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return nil
}
