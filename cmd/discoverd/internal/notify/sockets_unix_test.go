//go:build unix

package notify

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestMain: a copy of this test binary with DISCOVER_TEST_SOCKETS set is the process to
// which systemd passed sockets.
func TestMain(m *testing.M) {
	if os.Getenv("DISCOVER_TEST_SOCKETS") == "" {
		os.Exit(m.Run())
	}
	os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid())) // systemd knows it before the program begins
	listeners, err := Sockets()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if again, err := Sockets(); err == nil {
		fmt.Println("taken twice:", again)
		os.Exit(1)
	}
	for _, l := range listeners {
		c, err := l.Accept()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Fprintln(c, "hello from", l.Addr())
		c.Close()
	}
}

func child(files ...*os.File) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DISCOVER_TEST_SOCKETS=1", "LISTEN_FDS="+strconv.Itoa(len(files)))
	cmd.ExtraFiles = files
	return cmd
}

// TestSockets: a child process accepts connections on the sockets that it was passed.
func TestSockets(t *testing.T) {
	var files []*os.File
	var addrs []net.Addr
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files, addrs = append(files, f), append(addrs, l.Addr())
	}
	cmd := child(files...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, addr := range addrs {
		c, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		n, _ := c.Read(b)
		if got, want := string(b[:n]), "hello from "+addr.String()+"\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
			cmd.Process.Kill()
		}
		c.Close()
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the child: %v\n%s", err, out.String())
	}
}

// TestSocketIsNone: a datagram socket, a file, and no sockets are refused in words.
func TestSocketIsNone(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	udp, err := c.(*net.UDPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, tt := range []struct {
		name  string
		files []*os.File
		want  string
	}{
		{"datagrams", []*os.File{udp}, "does not listen for connections"},
		{"a file", []*os.File{file}, "does not listen for connections"},
		{"none", nil, "systemd passed no socket"},
	} {
		out, err := child(tt.files...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: got %v, %q, want %q", tt.name, err, out, tt.want)
		}
	}
}
