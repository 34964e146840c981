package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/owndisk"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

func init() {
	roles["full disk"] = func() error { return childDisk().fullDisk() }
	roles["read-only disk"] = func() error { return childDisk().readOnlyDisk() }
}

const diskSecret = "secret-of-host-1"

// A diskRun is what one run of the command on a disk of its own left behind.
type diskRun struct {
	Free   int      `json:"free"` // pages that were free
	What   string   `json:"what"`
	Status int      `json:"status"`
	Stdout string   `json:"stdout"`
	Stderr string   `json:"stderr"`
	Files  []string `json:"files"` // name, size, mode
}

// onDisk has a child play a role, which has a disk of that size, and returns what
// it ran.
func onDisk(t *testing.T, role string, size int) []diskRun {
	t.Helper()
	server := iscsitest.Listen(t, &iscsitest.Target{Records: records(1), User: "host1", Secret: diskSecret})
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0 halt_on_error=1", roleVariable+"="+role,
		"DISK="+t.TempDir(), "SIZE="+strconv.Itoa(size), "COMMAND="+filepath.Join(binDir, "discover"), "PORTAL="+server.Addr.String(), "SECRET="+diskSecret)
	out := owndisk.Output(t, cmd)
	var runs []diskRun
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var r diskRun
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		if strings.Contains(lines.Text(), diskSecret) {
			t.Errorf("the secret is in %s", lines.Text())
		}
		runs = append(runs, r)
	}
	return runs
}

// A disk is what a child works on. Its first error ends the work.
type disk struct {
	folder, command, portal string
	size, free              int // bytes; pages
	err                     error
}

// childDisk mounts the disk of this child.
func childDisk() *disk {
	d := &disk{folder: os.Getenv("DISK"), command: os.Getenv("COMMAND"), portal: os.Getenv("PORTAL")}
	if d.size, d.err = strconv.Atoi(os.Getenv("SIZE")); d.err == nil {
		d.err = owndisk.Mount(d.folder, d.size)
	}
	return d
}

func (d *disk) path(name string) string { return filepath.Join(d.folder, name) }

func (d *disk) remove(name string) {
	if d.err == nil {
		d.err = os.RemoveAll(d.path(name))
	}
}

// run runs the command once, and writes what came of it as a line of JSON.
func (d *disk) run(what string, args ...string) {
	if d.err != nil {
		return
	}
	var stdout, stderr strings.Builder
	cmd := exec.Command(d.command, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if d.err = cmd.Run(); errors.As(d.err, &exit) {
		d.err = nil
	}
	if d.err != nil {
		return
	}
	r := diskRun{Free: d.free, What: what, Status: cmd.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
	if r.Files, d.err = d.files(); d.err == nil {
		d.err = json.NewEncoder(os.Stdout).Encode(r)
	}
}

// ballast is the file that leaves little room for others.
const ballast = "ballast"

// files lists the files on the disk.
func (d *disk) files() (files []string, err error) {
	err = filepath.WalkDir(d.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == ballast {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			files = append(files, fmt.Sprintf("%s %d %o", path, info.Size(), info.Mode().Perm()))
		}
		return err
	})
	return files, err
}

// fill leaves only so many pages of the disk free.
func (d *disk) fill(free int) {
	if d.err != nil {
		return
	}
	d.free = free
	name := d.path(ballast)
	if d.err = os.WriteFile(name, make([]byte, d.size), 0o600); errors.Is(d.err, syscall.ENOSPC) {
		d.err = nil
	}
	info, err := os.Stat(name)
	if d.err = errors.Join(d.err, err); d.err == nil {
		d.err = os.Truncate(name, max(info.Size()-int64(free)*4096, 0))
	}
}

// chap logs in to the portal.
var chap = []string{"--chap-user", "host1", "--chap-secret", "env:SECRET"}

// TestFullDisk: with less and less room, at whatever step there is none left, the
// command says so, leaves nothing half made, and goes on where it was when there is
// room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	failed := make(map[string]int)
	for _, r := range onDisk(t, "full disk", 524288) {
		for _, file := range r.Files {
			field := strings.Fields(file)
			if field[2] != "600" {
				t.Errorf("%d pages free, %s: %s is of mode %s", r.Free, r.What, field[0], field[2])
			}
			if strings.Contains(field[0], ".new-") || strings.HasSuffix(field[0], "registry.key") && field[1] != "65" {
				t.Errorf("%d pages free, %s: half a file is left: %s", r.Free, r.What, file)
			}
		}
		if r.Status == 0 {
			continue
		}
		failed[r.What]++
		switch {
		case r.What == "again" || strings.HasPrefix(r.What, "list"): // reading needs no space (issue 13, 15)
			t.Errorf("%d pages were free: %s: exit status %d: %s", r.Free, r.What, r.Status, r.Stderr)
		case r.Status != 1 || !strings.Contains(r.Stderr, "no space left"):
			t.Errorf("%d pages free: %s: exit status %d: %s", r.Free, r.What, r.Status, r.Stderr)
		case r.What == "capture" && strings.Contains(r.Stderr, "the file is incomplete") != strings.Contains(r.Stdout, "1 target"):
			t.Errorf("%d pages free: got %q and %q", r.Free, r.Stdout, r.Stderr)
		case r.What == "capture" && r.Stdout == "" && len(r.Files) > 0:
			t.Errorf("%d pages free: a capture that was not begun is left: %v", r.Free, r.Files)
		}
	}
	if failed["add"] == 0 || failed["capture"] == 0 {
		t.Errorf("the disk was never full: %v", failed)
	}
}

// fullDisk works with less and less room, and with room again.
func (d *disk) fullDisk() error {
	registry := d.path("r/registry.db")
	add := append([]string{"portal", "add", "--registry", registry, d.portal}, chap...)
	list := []string{"portal", "list", "--registry", registry}
	capture := append([]string{"scan", "--capture", d.path("c"), d.portal}, chap...)
	for _, free := range []int{0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64} {
		d.fill(free)
		d.run("add", add...)
		d.run("list, full", list...)
		d.remove(ballast)
		d.run("again", add...)
		d.run("list", list...)
		d.remove("r")
		d.fill(free)
		d.run("capture", capture...)
		d.remove("c")
		d.remove(ballast)
	}
	return d.err
}

// TestReadOnlyDisk: what is on a read-only disk can be read, and
// what would be written is refused, for that reason. An ordinary user makes that
// disk in a user namespace (issue 13, 27).
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	denied := `"code":5,"code_name":"ERROR_ACCESS_DENIED"`
	want := map[string]struct {
		status int
		text   string
	}{
		"make": {0, "1 target"}, "list": {0, "1 target"}, "targets": {0, "disk1"},
		"add": {1, "no permission"}, "add in JSON": {1, denied}, "refresh": {1, denied}, "remove": {1, "no permission"}, "new": {1, denied},
		"capture": {2, "read-only file system"},
	}
	runs := onDisk(t, "read-only disk", 1048576)
	for _, r := range runs {
		if w := want[r.What]; r.Status != w.status || !strings.Contains(r.Stdout+r.Stderr, w.text) {
			t.Errorf("%s: got exit status %d, %s%s; want %d and %s", r.What, r.Status, r.Stdout, r.Stderr, w.status, w.text)
		}
	}
	if len(runs) != len(want) {
		t.Errorf("%d runs, want %d", len(runs), len(want))
	}
}

// readOnlyDisk makes a registry, and then the disk read-only.
func (d *disk) readOnlyDisk() error {
	registry := []string{"--registry", d.path("registry.db")}
	with := func(args ...string) []string { return append(args, registry...) }
	d.run("make", append(with("portal", "add", d.portal), chap...)...)
	if d.err == nil {
		d.err = owndisk.MakeReadOnly(d.folder)
	}
	d.run("list", with("portal", "list")...)
	d.run("targets", with("target", "list")...)
	d.run("add", with("portal", "add", "127.0.0.1:1")...)
	d.run("add in JSON", with("portal", "add", "-o", "json", "127.0.0.1:1")...)
	d.run("refresh", with("portal", "refresh", "-o", "json")...)
	d.run("remove", with("portal", "remove", d.portal)...)
	d.run("new", "portal", "add", "-o", "json", "--registry", d.path("new/registry.db"), d.portal)
	d.run("capture", append([]string{"scan", "--capture", d.path("c"), d.portal}, chap...)...)
	return d.err
}
