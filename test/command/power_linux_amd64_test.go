package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/powercut"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// powerRegistry is the registry in a folder of which the power fails: the folders in
// between are new.
const powerRegistry = "config/discover/registry.db"

// powerLucks are what a disk may have done; each test has chances of its own.
func powerLucks() map[string]powercut.Luck {
	return map[string]powercut.Luck{
		"nothing": powercut.Nothing, "names": powercut.NamesOnly, "data": powercut.DataOnly, "chance": powercut.Chance(1),
	}
}

// TestPower: what the command says that it has stored or removed is so when the power
// fails then, whatever the disk has done of its own, and a portal that is listed at
// all has its secret: the key is on the disk before what it seals (issue 13, 17).
func TestPower(t *testing.T) {
	t.Parallel()
	server := iscsitest.Listen(t, &iscsitest.Target{Records: records(1), User: "host1", Secret: diskSecret})
	portal, folder := server.Addr.String(), t.TempDir()
	d, err := powercut.Watch(folder)
	if err != nil {
		t.Fatal(err)
	}
	discover := func(folder string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(binDir, "discover"), append(args, "--registry", filepath.Join(folder, powerRegistry))...)
		cmd.Env = append(os.Environ(), "SECRET="+diskSecret, "GORACE=atexit_sleep_ms=0 halt_on_error=1")
		return cmd
	}
	var added int // the moment at which the first command has ended
	for _, args := range [][]string{append([]string{"portal", "add", portal}, chap...), {"portal", "remove", portal}} {
		added = d.Moments() - 1
		if status, stderr := d.Run(t, discover(folder, args...)); status != 0 {
			t.Fatalf("%s: exit status %d: %s", args, status, stderr)
		}
	}
	seen, lucks := make(map[string]bool), powerLucks()
	stored, removed := 0, 0
	for moment := range d.Moments() {
		said := d.Said(moment)
		switch {
		case strings.Contains(said, "removed"):
			removed++
		case strings.Contains(said, "stored"):
			stored++
		}
		for name, luck := range lucks {
			image := d.Cut(moment, luck)
			sum := image.Sum() + said
			if seen[sum] || !d.AtSync(moment) && moment != added && moment != d.Moments()-1 {
				continue
			}
			seen[sum] = true
			after := t.TempDir()
			if err := image.WriteTo(after); err != nil {
				t.Fatal(err)
			}
			out, err := discover(after, "portal", "list").CombinedOutput()
			listed := strings.Contains(string(out), portal)
			mustBe := moment <= added && strings.Contains(said, "stored")
			if err != nil || mustBe && !listed || listed && strings.Contains(said, "removed") {
				t.Errorf("at moment %d, %s: it said %q, and now portal list says %v, %s", moment, name, said, err, out)
			}
			if !listed {
				continue
			}
			if out, err := discover(after, "portal", "refresh").CombinedOutput(); err != nil {
				t.Errorf("at moment %d, %s: refresh: %v, %s", moment, name, err, out)
			}
		}
	}
	if t.Logf("%d moments, %d outcomes", d.Moments(), len(seen)); stored == 0 || removed == 0 {
		t.Errorf("%d moments with the portal, %d when it was removed", stored, removed)
	}
}
