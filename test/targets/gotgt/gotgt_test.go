package gotgt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets/gotgt"
)

// limit is for a child to start; the race detector makes it slow.
const limit = 30 * time.Second

// childArgument makes the test program a child, as a program does that has no
// other.
const childArgument = "gotgt-child"

// waitArgument makes it one that never gets ready.
const waitArgument = "wait"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		gotgt.Child()
	}
	if len(os.Args) == 2 && os.Args[1] == waitArgument {
		_, _ = io.Copy(io.Discard, os.Stdin) // which the parent closes
		os.Exit(1)
	}
	netns.Isolate()
	os.Exit(m.Run())
}

// child returns a command that runs this program as a child, and what it
// prints as errors.
func child(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		need.Missing(t, gotgt.ErrSystem.Error(), "run it on Linux")
	}
	cmd := exec.Command(os.Args[0], childArgument)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	return cmd, &complaint
}

func config(port int) gotgt.Config {
	return gotgt.Config{Port: uint16(port), Targets: []gotgt.Target{{
		Name:   "iqn.2026-01.test.gotgt:a",
		LUN:    gotgt.Null,
		Groups: []gotgt.Group{{Tag: 1, Portals: []string{fmt.Sprintf("127.0.0.1:%d", port)}}},
	}}}
}

func TestStart(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd, complaint := child(t)
	stop, err := gotgt.Start(ctx, cmd, config(port))
	if err != nil {
		t.Fatalf("%v: %s", err, complaint)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
	} else {
		conn.Close()
	}
	stop()
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Errorf("%s accepts connections after the end of the child", addr)
	}
}

func TestStartPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd, complaint := child(t)
	if _, err := gotgt.Start(ctx, cmd, config(l.Addr().(*net.TCPAddr).Port)); !errors.Is(err, gotgt.ErrNotReady) {
		t.Errorf("got %v, want %v", err, gotgt.ErrNotReady)
	}
	if !bytes.Contains(complaint.Bytes(), []byte("address already in use")) {
		t.Errorf("the child said %q, want the reason", complaint)
	}
}

// A child that does not get ready is ended when the context is.
func TestStartIsCancelled(t *testing.T) {
	need.Linux(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gotgt.Start(ctx, exec.Command(os.Args[0], waitArgument), config(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
