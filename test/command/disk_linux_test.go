package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/internal/need"
)

// A diskRun is what one run of the command on a disk of its own left behind. The
// shell writes one a line.
type diskRun struct {
	Free   int      `json:"free"` // pages that were free
	What   string   `json:"what"`
	Status int      `json:"status"`
	Stdout string   `json:"stdout"`
	Stderr string   `json:"stderr"`
	Files  []string `json:"files"` // name, size, mode
}

// onDisk runs a shell script that has a small disk of its own at $DISK, in a mount
// namespace, and returns what it ran.
func onDisk(t *testing.T, size, script string) []diskRun {
	t.Helper()
	folder := t.TempDir()
	server := iscsitest.Listen(t, &iscsitest.Target{Records: records(1), User: "host1", Secret: diskSecret})
	cmd := exec.Command("sh", "-euc", `
mount --make-rprivate /
mkdir "$DISK"
mount -t tmpfs -o "mode=700,size=$SIZE" tmpfs "$DISK"
quote() { sed 's/\\/\\\\/g; s/"/\\"/g' "$1" | tr '\n' ' '; }
run() { # WHAT ARGS...: one run of the command
  what=$1; shift
  status=0
  discover "$@" >"$TMP/out" 2>"$TMP/err" || status=$?
  files=$(cd "$DISK" && find . -type f ! -name ballast -exec stat -c '"%n %s %a",' {} + | tr -d '\n')
  printf '{"free":%d,"what":"%s","status":%d,"stdout":"%s","stderr":"%s","files":[%s]}\n' \
    "$free" "$what" "$status" "$(quote "$TMP/out")" "$(quote "$TMP/err")" "${files%,}"
}
fill() { # all but so many pages
  head -c "$SIZE" /dev/zero >"$DISK/ballast" 2>/dev/null || true
  truncate -s "-$(($1 * 4096))" "$DISK/ballast"
}
free=0
`+script)
	cmd.Env = append(os.Environ(), "PATH="+binDir+string(filepath.ListSeparator)+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0 halt_on_error=1",
		"DISK="+filepath.Join(folder, "disk"), "TMP="+folder, "SIZE="+size, "PORTAL="+server.Addr.String(), "SECRET="+diskSecret)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		need.Missing(t, "a mount namespace", "run as root")
	}
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, stderr.String())
	}
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

const diskSecret = "secret-of-host-1"

// TestFullDisk: with less and less room, at whatever step there is none left, the
// command says so, leaves nothing half made, and goes on where it was when there is
// room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	failed := make(map[string]int)
	for _, r := range onDisk(t, "524288", `
chap="--chap-user host1 --chap-secret env:SECRET"
for free in 0 1 2 3 4 5 6 8 10 12 16 20 24 32 48 64; do
  fill $free
  run add portal add --registry "$DISK/r/registry.db" $chap "$PORTAL"
  run "list, full" portal list --registry "$DISK/r/registry.db"
  rm -f "$DISK/ballast"
  run again portal add --registry "$DISK/r/registry.db" $chap "$PORTAL"
  run list portal list --registry "$DISK/r/registry.db"
  rm -rf "$DISK/r"
  fill $free
  run capture scan --capture "$DISK/c" $chap "$PORTAL"
  rm -f "$DISK/c" "$DISK/ballast"
done
`) {
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
		case r.What == "again" || r.What == "list":
			t.Errorf("%d pages were free: %s: exit status %d: %s", r.Free, r.What, r.Status, r.Stderr)
		case r.Status != 1 || !strings.Contains(r.Stderr, "no space left"):
			t.Errorf("%d pages free: %s: exit status %d: %s", r.Free, r.What, r.Status, r.Stderr)
		case r.What == "capture" && strings.Contains(r.Stderr, "not all of the run") != strings.Contains(r.Stdout, "1 target"):
			t.Errorf("%d pages free: got %q and %q", r.Free, r.Stdout, r.Stderr)
		case r.What == "capture" && r.Stdout == "" && len(r.Files) > 0:
			t.Errorf("%d pages free: a capture that was not begun is left: %v", r.Free, r.Files)
		}
	}
	if failed["add"] == 0 || failed["capture"] == 0 {
		t.Errorf("the disk was never full: %v", failed)
	}
}

// TestReadOnlyDisk: what is on a disk that nobody may write to can be read, and
// what would be written is refused, for that reason.
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
	runs := onDisk(t, "1048576", `
chap="--chap-user host1 --chap-secret env:SECRET"
registry="--registry $DISK/registry.db"
run make portal add $registry $chap "$PORTAL"
mount -o remount,ro "$DISK"
run list portal list $registry
run targets target list $registry
run add portal add $registry 127.0.0.1:1
run "add in JSON" portal add -o json $registry 127.0.0.1:1
run refresh portal refresh -o json $registry
run remove portal remove $registry "$PORTAL"
run new portal add -o json --registry "$DISK/new/registry.db" "$PORTAL"
run capture scan --capture "$DISK/c" $chap "$PORTAL"
`)
	for _, r := range runs {
		if w := want[r.What]; r.Status != w.status || !strings.Contains(r.Stdout+r.Stderr, w.text) {
			t.Errorf("%s: got exit status %d, %s%s; want %d and %s", r.What, r.Status, r.Stdout, r.Stderr, w.status, w.text)
		}
	}
	if len(runs) != len(want) {
		t.Errorf("%d runs, want %d", len(runs), len(want))
	}
}
