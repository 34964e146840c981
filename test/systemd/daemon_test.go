package systemd

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
)

// TestDaemon runs the daemon as systemd would: with a socket that it was passed, a socket
// for what it tells, and a watchdog.
func TestDaemon(t *testing.T) {
	need.Linux(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "discoverd")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/go-iscsi/discovery/cmd/discoverd").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	passed, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer passed.Close()

	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" --listen fd --registry "$1"`, program, filepath.Join(dir, "registry.db"))
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "NOTIFY_SOCKET="+filepath.Join(dir, "notify"), "WATCHDOG_USEC=2000000", "STATE_DIRECTORY="+dir)
	cmd.ExtraFiles = []*os.File{passed}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	defer cmd.Process.Kill()

	await(t, told, "READY=1")
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(fmt.Sprintf("http://%s/", listener.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !strings.Contains(string(body), "<!doctype html>") {
		t.Errorf("got %s\n%s", resp.Status, body)
	}
	await(t, told, "WATCHDOG=1")
	await(t, told, "WATCHDOG=1")
	cmd.Process.Signal(syscall.SIGHUP)
	await(t, told, "RELOADING=1\nMONOTONIC_USEC=")
	await(t, told, "READY=1")
	cmd.Process.Signal(syscall.SIGTERM)
	await(t, told, "STOPPING=1")
	select {
	case err := <-exited:
		if err != nil {
			t.Errorf("the daemon ended with %v\n%s", err, log.String())
		}
	case <-time.After(30 * time.Second):
		t.Error("the daemon does not end")
	}
}

// await reads what the daemon tells until a message begins in a way.
func await(t *testing.T, told *net.UnixConn, want string) {
	t.Helper()
	told.SetReadDeadline(time.Now().Add(60 * time.Second))
	b := make([]byte, 4096)
	for {
		n, err := told.Read(b)
		if err != nil {
			t.Fatalf("no %q: %v", want, err)
		}
		if strings.HasPrefix(string(b[:n]), want) {
			return
		}
	}
}
