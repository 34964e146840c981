package sqlite_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestProcesses has several processes increment one counter, compared by
// version: no increment is lost, and a reader sees it grow.
func TestProcesses(t *testing.T) {
	t.Parallel()
	const processes, each = 4, 100
	path := filepath.Join(t.TempDir(), "registry.db")
	var children []*exec.Cmd
	for range processes {
		cmd := child(t, "counter", path, strconv.Itoa(each))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, cmd)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, cmd := range children {
			if err := cmd.Wait(); err != nil {
				t.Errorf("a child: %v", err)
			}
		}
	}()
	s := open(t, path)
	defer closeStore(t, s)
	for last, over := 0, false; ; {
		select {
		case <-done:
			over = true
		default:
		}
		n, _ := strconv.Atoi(get(t, s, "counter"))
		if n < last {
			t.Errorf("the counter went from %d to %d", last, n)
		}
		if last = n; over {
			break
		}
	}
	if got := get(t, s, "counter"); got != strconv.Itoa(processes*each) {
		t.Errorf("got %s, want %d: increments are lost", got, processes*each)
	}
}

// countUp increments a counter a number of times.
func countUp(ctx context.Context, path string, args []string) error {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(args[0])
	for done := 0; err == nil && done < times; {
		var r registry.Record
		if r, err = s.Get(ctx, "counter"); err != nil {
			break
		}
		n, _ := strconv.Atoi(string(r.Value))
		err = s.Apply(ctx, registry.Change{Key: "counter", Version: r.Version, Value: []byte(strconv.Itoa(n + 1))})
		var conflict *registry.ConflictError
		if errors.As(err, &conflict) {
			err = nil
			continue
		}
		done++
	}
	return errors.Join(err, s.Close())
}

// TestLocksSurvive: that this process opens and closes a registry beside a Store that it
// has open does not cost that Store its log, which another process, the last one as it
// believes, might take away.
func TestLocksSurvive(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 1)
	s := open(t, path)
	defer closeStore(t, s)
	apply(t, s, set("before", "v"))
	closeStore(t, open(t, path))
	log, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := child(t, "counter", path, "1").Run(); err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stat(path + "-wal"); err != nil || !os.SameFile(log, now) {
		t.Errorf("the log was taken away from an open Store: %v", err)
	}
	if got := get(t, s, "counter"); got != "1" {
		t.Errorf("got %q, want 1", got)
	}
}
