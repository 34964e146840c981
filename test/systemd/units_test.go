// Package systemd holds the units of examples/systemd against systemd's own judgement of
// them. They are not started: that takes a machine that systemd has booted.
package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

const (
	folder  = "../../examples/systemd"
	dropIns = "discoverd.service.d"
	daemon  = "/usr/bin/discoverd"

	mostExposed = 2.0 // of 10; see systemd-analyze(1)
)

// copied returns a folder with the units and some of the drop-ins. The daemon in it is a
// file that exists, as verify asks.
func copied(t *testing.T, which ...string) string {
	t.Helper()
	to := t.TempDir()
	program := filepath.Join(to, "discoverd")
	write(t, program, "#!/bin/sh\n", 0o755)
	for _, name := range append([]string{"discoverd.service", "discoverd.socket"}, which...) {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(to, name), strings.ReplaceAll(string(text), daemon, program), 0o644)
	}
	return to
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// sets are the ways in which the units are used: with which drop-ins.
func sets(t *testing.T) [][]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, dropIns, "*.conf"))
	if err != nil || len(names) < 3 {
		t.Fatalf("got the drop-ins %q, error %v", names, err)
	}
	all := [][]string{nil}
	for i := range names {
		names[i] = filepath.Join(dropIns, filepath.Base(names[i]))
		all = append(all, names[i:i+1])
	}
	return append(all, names)
}

func analyze(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(need.Program(t, "systemd-analyze"), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestVerify: systemd has nothing to say against the units, nor against any drop-in.
func TestVerify(t *testing.T) {
	for _, set := range sets(t) {
		to := copied(t, set...)
		if out := analyze(t, "verify", "--man=no", "--recursive-errors=no", filepath.Join(to, "discoverd.service"), filepath.Join(to, "discoverd.socket")); out != "" {
			t.Errorf("with %q:\n%s", set, out)
		}
	}
	to := copied(t, filepath.Join(dropIns, "ipsec.conf"))
	write(t, filepath.Join(to, dropIns, "z.conf"), "[Service]\nNoSuchSetting=yes\n", 0o644)
	if out, _ := exec.Command(need.Program(t, "systemd-analyze"), "verify", "--man=no", filepath.Join(to, "discoverd.service")).CombinedOutput(); !strings.Contains(string(out), "NoSuchSetting") {
		t.Errorf("a drop-in is not read: %q", out)
	}
}

// TestExposure: what the daemon could do to its machine is little.
func TestExposure(t *testing.T) {
	overall := regexp.MustCompile(`Overall exposure level for discoverd.service: ([0-9.]+)`)
	for _, set := range sets(t) {
		out := analyze(t, "security", "--offline=yes", filepath.Join(copied(t, set...), "discoverd.service"))
		m := overall.FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("no exposure in\n%s", out)
		}
		if exposure, err := strconv.ParseFloat(m[1], 64); err != nil || exposure > mostExposed {
			t.Errorf("with %q the exposure is %s, want at most %.1f\n%s", set, m[1], mostExposed, out)
		}
	}
}

// TestCommandLines: the units start the daemon with flags that it has, and with no secret.
func TestCommandLines(t *testing.T) {
	known := []string{"--registry", "--listen", "--initiator-name"}
	for _, set := range sets(t) {
		for _, name := range append([]string{"discoverd.service"}, set...) {
			text, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(string(text), "\n") {
				args, ok := strings.CutPrefix(line, "ExecStart="+daemon+" ")
				if !ok {
					continue
				}
				for _, arg := range strings.Fields(args) {
					if strings.HasPrefix(arg, "--") && !slices.Contains(known, arg) {
						t.Errorf("%s: %s is no flag that this test knows", name, arg)
					}
				}
			}
		}
	}
}
