//go:build unix

package command

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/targets"
)

// A watching is a watch that runs as a process of its own.
type watching struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  *bufio.Reader
	stderr strings.Builder
	seq    uint64
}

// startWatch starts discover watch -o jsonl with a registry.
func startWatch(t *testing.T, registry string, args ...string) *watching {
	t.Helper()
	w := &watching{t: t, cmd: exec.Command(filepath.Join(binDir, "discover"), append([]string{"watch", "-o", "jsonl", "--every", "1s", "--now", "--registry", registry}, args...)...)}
	w.cmd.Stderr = &w.stderr
	out, err := w.cmd.StdoutPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	w.lines = bufio.NewReader(out)
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	return w
}

// A watchEvent is what this test looks at of an event.
type watchEvent struct {
	Schema int
	Seq    uint64
	Type   string
	Target string
	Up     bool
	Is     []string
}

// next returns the next event, whose numbers have no gap.
func (w *watching) next(want, target string) watchEvent {
	w.t.Helper()
	timeout := time.AfterFunc(20*time.Second, func() { _ = w.cmd.Process.Kill() })
	defer timeout.Stop()
	line, err := w.lines.ReadString('\n')
	if err != nil {
		w.t.Fatalf("no event %s: %v; %s", want, err, w.stderr.String())
	}
	var e watchEvent
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		w.t.Fatalf("%v in %s", err, line)
	}
	if w.seq++; e.Seq != w.seq || e.Schema != 1 || e.Type != want || e.Target != target {
		w.t.Fatalf("got %s, want number %d, %s %s", line, w.seq, want, target)
	}
	return e
}

// end ends the watch with a signal. Its exit status is 0, and it has told all.
func (w *watching) end(signal os.Signal) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(signal); err != nil {
		w.t.Fatal(err)
	}
	rest, _ := io.ReadAll(w.lines)
	if err := w.cmd.Wait(); err != nil || len(rest) > 0 || w.stderr.Len() > 0 {
		w.t.Errorf("%v, %s, %s", err, rest, w.stderr.String())
	}
}

// TestWatch: what is added to a real target and removed from it is told, once, by each of
// two watches of one registry, and by one that watches the portal without a registry.
func TestWatch(t *testing.T) {
	t.Parallel()
	g := targets.StartTgt(t, targets.TgtConfig{})
	portal := g.Portals[0].String()
	registry := filepath.Join(t.TempDir(), "registry.db")
	add := exec.Command(filepath.Join(binDir, "discover"), "portal", "add", portal, "--registry", registry)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	none := filepath.Join(t.TempDir(), "none.db")
	all := []*watching{startWatch(t, registry), startWatch(t, registry), startWatch(t, none, portal), startWatch(t, none, portal)}
	each := func(what func(w *watching)) {
		for _, w := range all {
			what(w)
		}
	}
	each(func(w *watching) {
		if e := w.next("snapshot", ""); !e.Up {
			t.Errorf("got %+v", e)
		}
	})
	const name = "iqn.2026-11.com.example:new9"
	for range 2 {
		g.Add(t, []string{name}, nil, false)
		each(func(w *watching) {
			if e := w.next("target-appeared", name); len(e.Is) != 1 || !strings.HasPrefix(e.Is[0], portal) {
				t.Errorf("got %+v", e)
			}
		})
		g.Remove(t, name)
		each(func(w *watching) { w.next("target-vanished", name) })
	}
	if err := all[0].cmd.Process.Signal(syscall.SIGHUP); err != nil { // which ends nothing
		t.Error(err)
	}
	g.Stop()
	each(func(w *watching) { w.next("portal-failed", "") })
	for i, w := range all {
		w.end([]os.Signal{syscall.SIGTERM, os.Interrupt}[i%2])
	}
	if files, _ := filepath.Glob(none + "*"); len(files) > 0 {
		t.Errorf("there are files: %v", files)
	}
}

// TestWatchPipe: when the reader of the pipe stops reading, the watch ends.
func TestWatchPipe(t *testing.T) {
	t.Parallel()
	g := targets.StartTgt(t, targets.TgtConfig{})
	cmd := exec.Command(filepath.Join(binDir, "discover"), "watch", "-o", "jsonl", "--every", "1s", "--now", g.Portals[0].String())
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.Contains(line, `"type":"snapshot"`) {
		t.Errorf("got %q, %v", line, err)
	}
	_ = stdout.Close()
	g.Add(t, []string{"iqn.2026-11.com.example:new"}, nil, false)
	late := time.AfterFunc(20*time.Second, func() {
		t.Error("it goes on")
		_ = cmd.Process.Kill()
	})
	defer late.Stop()
	_ = cmd.Wait()
}
