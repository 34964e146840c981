//go:build unix

package control_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/uml/internal/control"
)

const limit = 30 * time.Second

func TestMain(m *testing.M) {
	if err := os.Setenv("PATH", need.StandardTools()); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// connect returns a client of a server in this process, and its line.
func connect(t *testing.T, failure error) (*control.Client, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		defer far.Close()
		_ = control.Serve(far, failure) // its error is the client's to notice
	}()
	t.Cleanup(func() {
		near.Close()
		<-served
	})
	return control.NewClient(near), near
}

func ready(t *testing.T) *control.Client {
	t.Helper()
	c, _ := connect(t, nil)
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		cmd            control.Command
		stdout, stderr string
		status         int
	}{
		{name: "output", cmd: control.Command{Args: []string{"sh", "-c", "echo a; echo b >&2"}}, stdout: "a\n", stderr: "b\n"},
		{name: "status", cmd: control.Command{Args: []string{"sh", "-c", "echo a; exit 7"}}, stdout: "a\n", status: 7},
		{name: "signal", cmd: control.Command{Args: []string{"sh", "-c", "kill -9 $$"}}, status: -1},
		{name: "input", cmd: control.Command{Args: []string{"cat"}, Stdin: []byte("in")}, stdout: "in"},
		{name: "environment", cmd: control.Command{Args: []string{"sh", "-c", "echo $X"}, Env: []string{"X=y"}}, stdout: "y\n"},
		{name: "much input", cmd: control.Command{Args: []string{"wc", "-c"}, Stdin: make([]byte, 100_000)}, stdout: "100000\n"},
		{name: "much output", cmd: control.Command{Args: []string{"head", "-c", "100000", "/dev/zero"}}, stdout: strings.Repeat("\x00", 100_000)},
		{name: "a daemon left behind", cmd: control.Command{Args: []string{"sh", "-c", "sleep 6 & echo a"}}, stdout: "a\n"},
	}
	c := ready(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			err := c.Run(t.Context(), tt.cmd, &stdout, &stderr)
			status := 0
			var exit *control.ExitError
			if errors.As(err, &exit) {
				status = exit.Status
			} else if err != nil {
				t.Fatal(err)
			}
			if status != tt.status {
				t.Errorf("got status %d, want %d", status, tt.status)
			}
			if got := stdout.String(); got != tt.stdout {
				t.Errorf("got output %.80q, want %.80q", got, tt.stdout)
			}
			if got := stderr.String(); got != tt.stderr {
				t.Errorf("got errors %q, want %q", got, tt.stderr)
			}
		})
	}
}

func TestRunFails(t *testing.T) {
	t.Parallel()
	c := ready(t)
	for _, args := range [][]string{nil, {"no-such-program"}} {
		err := c.Run(t.Context(), control.Command{Args: args}, io.Discard, io.Discard)
		var exit *control.ExitError
		if err == nil || errors.As(err, &exit) {
			t.Errorf("%q: got %v, want an error without a status", args, err)
		}
	}
}

// The end of the context is the end of the command and of its children.
func TestAbort(t *testing.T) {
	t.Parallel()
	c := ready(t)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	out := onWrite(cancel)
	err := c.Run(ctx, control.Command{Args: []string{"sh", "-c", "echo a; sleep 1000; echo b"}}, out, io.Discard)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if err := c.Run(t.Context(), control.Command{Args: []string{"true"}}, io.Discard, io.Discard); err != nil {
		t.Errorf("the next command: %v", err)
	}
}

// onWrite calls a function when something is written.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) {
	if len(p) > 0 {
		f()
	}
	return len(p), nil
}

func TestPut(t *testing.T) {
	t.Parallel()
	c := ready(t)
	dir := t.TempDir()
	long := strings.Repeat("x", 50_000)
	files := []control.File{
		{Path: filepath.Join(dir, "a/b"), Mode: fs.ModeDir},
		{Path: filepath.Join(dir, "c/d"), Mode: 0o600, Data: []byte(long)},
		{Path: filepath.Join(dir, "c/d"), Data: []byte("short")},
	}
	if err := c.Put(t.Context(), files...); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(files[0].Path); err != nil || !info.IsDir() {
		t.Errorf("got %v, %v, want a folder", info, err)
	}
	if b, err := os.ReadFile(files[1].Path); err != nil || string(b) != "short" {
		t.Errorf("got %q, %v, want what was written last", b, err)
	}
	if err := c.Put(t.Context(), control.File{Path: filepath.Join(dir, "c/d/e")}); err == nil {
		t.Error("got no error for a file below a file")
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	c := ready(t)
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "a/b"), filepath.Join(dir, "a")
	if err := c.Put(t.Context(), control.File{Path: file}); err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(t.Context(), folder, file); err == nil {
		t.Error("got no error for a folder that is not empty")
	}
	if err := c.Remove(t.Context(), file, folder); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("%s: %v, want it gone", folder, err)
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	c, _ := connect(t, errors.New("no overlay"))
	if err := c.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "no overlay") {
		t.Errorf("got %v, want the guest's error", err)
	}
}

// Who waits for a guest that is gone learns it, at whatever stage.
func TestGone(t *testing.T) {
	t.Parallel()
	c, line := connect(t, nil)
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := onWrite(func() { line.Close() })
	err := c.Run(t.Context(), control.Command{Args: []string{"sh", "-c", "echo a; sleep 1000"}}, out, io.Discard)
	if !errors.Is(err, control.ErrGone) {
		t.Errorf("got %v, want %v", err, control.ErrGone)
	}
	if err := c.Put(t.Context()); !errors.Is(err, control.ErrGone) {
		t.Errorf("got %v, want %v", err, control.ErrGone)
	}
	near, far := net.Pipe()
	far.Close()
	if err := control.NewClient(near).Ready(t.Context()); !errors.Is(err, control.ErrGone) {
		t.Errorf("got %v, want %v", err, control.ErrGone)
	}
}
