package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/powercut"
)

// TestPowerRekey: whenever the power fails during discover registry rekey, a key for
// all secrets is on the disk, by the old name or beside it; and the next rekey clears
// up what is left over (issue 13, 18).
func TestPowerRekey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	d, err := powercut.Watch(folder)
	if err != nil {
		t.Fatal(err)
	}
	discover := func(folder string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(binDir, "discover"), append(args, "--registry", filepath.Join(folder, powerRegistry))...)
		cmd.Env = append(os.Environ(), "SECRET="+diskSecret, "GORACE=atexit_sleep_ms=0 halt_on_error=1")
		return cmd
	}
	var begun int // the moment at which the first rekey begins
	for _, args := range [][]string{{"ipsec", "psk", "set", "group", "env:SECRET"}, {"registry", "rekey"}, {"registry", "rekey"}} {
		if args[0] == "registry" && begun == 0 {
			begun = d.Moments() - 1
		}
		if status, stderr := d.Run(t, discover(folder, args...)); status != 0 {
			t.Fatalf("%s: exit status %d: %s", args, status, stderr)
		}
	}
	seen, lucks := make(map[string]bool), powerLucks()
	interrupted := 0
	for moment := begun; moment < d.Moments(); moment++ {
		for name, luck := range lucks {
			image := d.Cut(moment, luck)
			if sum := image.Sum(); seen[sum] || !d.AtSync(moment) && moment != d.Moments()-1 {
				continue
			} else {
				seen[sum] = true
			}
			after := t.TempDir()
			if err := image.WriteTo(after); err != nil {
				t.Fatal(err)
			}
			for _, verb := range []string{"check before", "rekey", "check"} {
				args := []string{"registry", strings.TrimSuffix(verb, " before")}
				out, err := discover(after, args...).CombinedOutput()
				if verb == "check before" && strings.Contains(string(out), "left from an interrupted discover registry rekey") {
					interrupted++
					continue
				}
				if err != nil || !strings.Contains(string(out), "1 sealed secret\n") && verb != "rekey" {
					t.Errorf("at moment %d, %s: %s says %v, %s", moment, name, verb, err, out)
				}
			}
		}
	}
	if t.Logf("%d moments, %d outcomes, %d with a key that is not used", d.Moments()-begun, len(seen), interrupted); interrupted == 0 {
		t.Error("no moment is between the making of a key and its use")
	}
}
