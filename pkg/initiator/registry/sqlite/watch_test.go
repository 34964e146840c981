package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A changing is a target whose list changes between sessions.
type changing struct {
	mu    sync.Mutex // guards names
	names []string
}

func (c *changing) set(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names = names
}

// Handle serves a session.
func (c *changing) Handle(conn *iscsitest.Conn) error {
	c.mu.Lock()
	t := &iscsitest.Target{Records: scene.Records(c.names...)}
	c.mu.Unlock()
	return t.Handle(conn)
}

// service opens the registry at a path.
func service(ctx context.Context, path string) (*registry.Service, error) {
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return registry.Open(registry.Config{Store: store, Discoverer: &initiator.Discoverer{InitiatorName: scene.InitiatorName}})
}

// watchRegistry watches a registry, and prints each event in a line, until it is
// interrupted.
func watchRegistry(ctx context.Context, path string, _ []string) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	s, err := service(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	for e := range s.Watch(ctx, watch.Config{Every: time.Second, HoldVanished: 1}) {
		fmt.Println(e.Type, e.Change.Target)
	}
	return nil
}

// TestWatchProcesses: two processes that watch one registry both tell each change, once,
// whichever of them took it into the registry first.
func TestWatchProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "registry.db")
	s, err := service(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	target := new(changing)
	target.set(scene.Disk1)
	p := scene.At(iscsitest.Listen(t, target).Addr)
	if _, err := s.AddSendTargetPortal(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var watches []*process
	for range 2 {
		watches = append(watches, startWatch(t, path))
	}
	want := []string{"snapshot "}
	wait := func(events ...string) {
		t.Helper()
		want = append(want, events...)
		for _, w := range watches {
			w.wait(t, len(want))
		}
	}
	wait()
	for i := range 4 {
		disk := fmt.Sprintf("iqn.2026-11.com.example:new%d", i)
		target.set(scene.Disk1, disk)
		wait("target-appeared " + disk)
		if i%2 == 0 {
			target.set(scene.Disk1)
			wait("target-vanished " + disk)
			continue
		}
		target.set(scene.Disk1, disk+"0")
		wait("target-vanished "+disk, "target-appeared "+disk+"0")
		target.set(scene.Disk1)
		wait("target-vanished " + disk + "0")
	}
	if err := s.RemoveSendTargetPortal(t.Context(), p.Key()); err != nil {
		t.Error(err)
	}
	wait("portal-removed ")
	for i, w := range watches {
		if diff := cmp.Diff(want, w.stop(t)); diff != "" {
			t.Errorf("watch %d (-want +got):\n%s", i, diff)
		}
	}
}

// A process is a child that prints events.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	got   []string
}

func startWatch(t *testing.T, path string) *process {
	t.Helper()
	cmd := child(t, "watch", path)
	return &process{cmd: cmd, lines: lines(t, cmd)}
}

// wait reads lines until there are n.
func (p *process) wait(t *testing.T, n int) {
	t.Helper()
	for len(p.got) < n {
		if !p.lines.Scan() {
			t.Fatalf("the watch ended after %q", p.got)
		}
		p.got = append(p.got, p.lines.Text())
	}
}

// stop stops the watch, and returns all lines.
func (p *process) stop(t *testing.T) []string {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	for p.lines.Scan() {
		p.got = append(p.got, p.lines.Text())
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the watch ended with %v", err)
	}
	return p.got
}
