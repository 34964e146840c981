//go:build linux

package uml_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/uml"
)

const (
	thisPackage = "github.com/go-iscsi/discovery/test/uml"
	limit       = 30 * time.Second
)

func TestMain(m *testing.M) {
	if !uml.Inside() {
		netns.Isolate()
	}
	os.Exit(m.Run())
}

// TestGuests: two guests beside each other, and what a test can do with them.
func TestGuests(t *testing.T) {
	guests := uml.StartTogether(t,
		uml.Config{Bridge: "lan", Programs: []uml.Program{{Name: "uml.test", Package: thisPackage, Test: true}}},
		uml.Config{Bridge: "lan", Interface: "uml1", Far: []netip.Prefix{netip.MustParsePrefix("10.99.0.3/24")}},
	)
	g, other := guests[0], guests[1]
	t.Run("run", func(t *testing.T) {
		if got := g.Run(t, "sh", "-c", "cd /sys; echo $PWD"); got != "/sys\n" {
			t.Errorf("got %q", got)
		}
		_, err := g.Output(t.Context(), "sh", "-c", "echo complaint >&2; exit 3")
		var exit *uml.ExitError
		if !errors.As(err, &exit) || exit.Status != 3 || !strings.Contains(err.Error(), "complaint") {
			t.Errorf("got error %v, want status 3 and the complaint", err)
		}
	})
	t.Run("long input and output", func(t *testing.T) {
		want := strings.Repeat("x", 100_000)
		var got strings.Builder
		if err := g.Exec(t.Context(), uml.Command{Args: []string{"cat"}, Stdin: []byte(want)}, &got); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("got %d bytes, want the %d that were sent", got.Len(), len(want))
		}
	})
	t.Run("the host does not see what is written", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		g.Put(t, uml.File{Path: path, Data: []byte("x")})
		if got := g.Run(t, "cat", path); got != "x" {
			t.Errorf("got %q", got)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s on the host: %v, want it missing", path, err)
		}
	})
	t.Run("modules", func(t *testing.T) {
		g.Run(t, "modprobe", "dummy")
		g.Run(t, "ip", "link", "add", "dummy9", "type", "dummy")
		if _, err := net.InterfaceByName("dummy9"); err == nil {
			t.Error("what the guest's module makes is on the host")
		}
	})
	t.Run("daemon", func(t *testing.T) {
		d := g.Start(t, uml.Command{Args: []string{"sh", "-c", "sleep 1000"}})
		if d.Ended() {
			t.Fatal(d.Wait(), d.Output())
		}
		d.Stop()
		if got, err := g.Output(t.Context(), "pgrep", "sleep"); err == nil {
			t.Errorf("processes %s are there after Stop", got)
		}
	})
	t.Run("network", func(t *testing.T) {
		l, err := net.Listen("tcp", "10.99.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for _, g := range guests {
			_, port, _ := net.SplitHostPort(l.Addr().String())
			g.Start(t, uml.Command{Args: []string{"bash", "-c", "echo $0 >/dev/tcp/10.99.0.1/" + port, g.Interface}})
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(conn)
			if err != nil || string(b) != g.Interface+"\n" {
				t.Errorf("%s: got %q, %v", g.Interface, b, err)
			}
			if got := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr(); got != g.Addresses[0] {
				t.Errorf("%s: got address %s, want %s", g.Interface, got, g.Addresses[0])
			}
			conn.Close()
		}
		// Nobody listens there, but that is an answer.
		_, err = g.Output(t.Context(), "bash", "-c", "echo >/dev/tcp/"+other.Addresses[0].String()+"/9")
		if err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("from guest to guest: %v, want a refusal", err)
		}
	})
	t.Run("tests", func(t *testing.T) { g.RunTests(t, "uml.test", "-test.run=^TestInside$") })
	t.Run("stop", func(t *testing.T) {
		other.Stop()
		other.Stop() // harmless
		if _, err := other.Output(t.Context(), "true"); err == nil {
			t.Error("a guest that was stopped answers")
		}
	})
}

// TestInside is run in a guest.
func TestInside(t *testing.T) {
	if !uml.Inside() {
		t.Skip("runs as a part of TestGuests")
	}
	link, err := net.InterfaceByName("vec0")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("as process %d, on %s", os.Getpid(), link.HardwareAddr)
}

// childEnv makes this test program one that is killed.
const childEnv = "UML_TEST_CHILD"

// TestKilled: when a test program is killed, all of its guest goes.
func TestKilled(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		g := uml.Start(t, uml.Config{Namespace: netns.New(t)})
		fmt.Printf("guest %d\n", g.Pid())
		select {}
	}
	kernel := need.Program(t, "linux.uml")
	need.Program(t, "modprobe")
	need.Root(t)
	out, childOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	child := exec.Command("/proc/self/exe", "-test.run=^TestKilled$")
	temp := t.TempDir()
	child.Env = append(os.Environ(), childEnv+"=1", "TMPDIR="+temp)
	child.Stdout, child.Stderr = childOut, childOut
	var none *netns.Namespace
	p, err := none.Start(child)
	childOut.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	var pid int
	if _, err := fmt.Fscanf(out, "guest %d\n", &pid); err != nil {
		rest, _ := io.ReadAll(out)
		t.Fatalf("%v; the child said: %s", err, rest)
	}
	world, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		t.Fatal(err)
	}
	if n := inhabitants(t, world); len(n) == 0 {
		t.Errorf("no processes in %s while the guest runs", world)
	}
	if free(t, kernel) {
		t.Error("the lock is free while the guest runs")
	}
	p.Kill()
	await(t, "the end of the guest's processes", func() bool { return len(inhabitants(t, world)) == 0 })
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("files left behind: %q, %v", left, err)
	}
}

// inhabitants returns the processes of a namespace.
func inhabitants(t *testing.T, world string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var list []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid)); err == nil && link == world {
			list = append(list, pid)
		}
	}
	return list
}

// free tells whether no test program has guests. When this one has none, any
// other may.
func free(t *testing.T, kernel string) bool {
	t.Helper()
	f, err := os.Open(kernel)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	stop := time.After(limit)
	for !so() {
		select {
		case <-stop:
			t.Fatalf("%s: not in time", what)
		case <-tick.C:
		}
	}
}
