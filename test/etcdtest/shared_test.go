//go:build linux

package etcdtest_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/etcdtest"
)

// sharingVariable makes this test binary one that starts a shared server, says where its
// data is, and waits to be killed.
const sharingVariable = "ETCDTEST_SHARING"

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

// TestShared: tests of a process get one server of a kind; of a process that is killed
// neither the server nor its data stays.
func TestShared(t *testing.T) {
	s := etcdtest.Shared(t, etcdtest.Built)
	if os.Getenv(sharingVariable) != "" {
		fmt.Println(s.Data())
		select {}
	}
	if again := etcdtest.Shared(t, etcdtest.Built); again != s {
		t.Errorf("got %v and %v, want one server", s, again)
	}
	if debian := etcdtest.Shared(t, etcdtest.Debian); debian == s {
		t.Error("got one server for two kinds")
	}
	put(t, s.Client(t), etcdtest.Name("shared"))

	cmd := exec.Command(os.Args[0], "-test.run=^TestShared$")
	cmd.Env = append(os.Environ(), sharingVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	folder := lines.Text()
	if !there(folder) {
		t.Errorf("got %q, want a folder", folder)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	limit := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for there(folder) || len(working(folder)) > 0 {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s is there %t, and of processes %v", folder, there(folder), working(folder))
		}
	}
}

func there(folder string) bool {
	_, err := os.Stat(folder)
	return err == nil
}

// working returns the processes that work in a folder, which may be gone.
func working(folder string) (all []string) {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is a good one
	for _, l := range links {
		if is, err := os.Readlink(l); err == nil && strings.TrimSuffix(is, " (deleted)") == folder {
			all = append(all, l)
		}
	}
	return all
}
