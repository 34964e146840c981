package sqlite_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// backups are the commands of SQLite's shell that copy a database which is in use.
var backups = map[string]string{
	"vacuum": "VACUUM INTO '%s'",
	"backup": ".backup %s",
}

// TestBackup copies a registry by SQLite's shell while another process writes to it:
// the copy is a registry, and has what was acknowledged before the copy began.
func TestBackup(t *testing.T) {
	t.Parallel()
	shell := need.Program(t, "sqlite3")
	for name, command := range backups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, "registry.db")
			writer := child(t, "writer", path, "0")
			out := lines(t, writer)
			written := make(chan int, 1)
			for n := range 5 {
				if !out.Scan() {
					t.Fatalf("the writer ended after %d batches", n)
				}
			}
			copies := make(map[int]string) // by how many batches were acknowledged before
			acknowledged := 5
			for range 4 {
				to := filepath.Join(folder, fmt.Sprintf("copy%d.db", acknowledged))
				runShell(t, shell, path, fmt.Sprintf(command, to))
				copies[acknowledged] = to
				for range 3 {
					if out.Scan() {
						acknowledged++
					}
				}
			}
			go func() {
				for out.Scan() {
					acknowledged++
				}
				written <- acknowledged
			}()
			_ = writer.Process.Kill()
			total := <-written
			_ = writer.Wait() // it was killed
			for n, to := range copies {
				verifyCopy(t, to, n)
			}
			verifyKilled(t, path, map[int]int{0: total})
		})
	}
}

// runShell runs a command of SQLite's shell on a registry, as only its owner may read
// what it makes.
func runShell(t *testing.T, shell, path, command string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `umask 077; exec "$0" "$1" "$2"`, shell, path, command)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// verifyCopy holds a copy to the batches that were acknowledged before it was made. The
// writer went on meanwhile, so more of them may be in it.
func verifyCopy(t *testing.T, path string, acknowledged int) {
	t.Helper()
	s := open(t, path)
	defer closeStore(t, s)
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	values := all(t, s)
	for i := range acknowledged {
		if _, ok := values[fmt.Sprintf("a/0/%06d", i)]; !ok {
			t.Fatalf("%s: batch %d of %d is not in the copy", path, i, acknowledged)
		}
	}
	if last := values["last"]; values["a/"+last] == "" || len(values["b/"+last]) != len(values["a/"+last]) {
		t.Errorf("%s: batch %q is there in part", path, last)
	}
}

// TestShellBesideStore has SQLite's shell open and close a registry beside a Store that
// writes nothing at that moment. A shell that takes itself for the last to use the file
// takes the log away, and what the Store writes afterwards is lost.
func TestShellBesideStore(t *testing.T) {
	t.Parallel()
	shell := need.Program(t, "sqlite3")
	path := newRegistry(t, 1)
	s := open(t, path)
	for i := range 3 {
		apply(t, s, set("before", strconv.Itoa(i)))
		closeStore(t, open(t, path)) // another Store of this process comes and goes
		runShell(t, shell, path, "SELECT count(*) FROM record")
		if _, err := os.Stat(path + "-wal"); err != nil {
			t.Errorf("the log was taken away from an open Store: %v", err)
		}
		apply(t, s, set("after", strconv.Itoa(i)))
		// Another process sees it, which has nothing but the files.
		out, err := child(t, "reader", path, "after").Output()
		if err != nil || string(out) != strconv.Itoa(i) {
			t.Errorf("another process reads %q (%v), want %d", out, err, i)
		}
	}
	closeStore(t, s)
	s = open(t, path)
	defer closeStore(t, s)
	if got := get(t, s, "after"); got != "2" {
		t.Errorf("got %q after the shell has been there, want 2", got)
	}
}
