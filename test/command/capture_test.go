package command

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/targets/need"
)

// TestCapture: Wireshark reads the file of --capture, finds nothing wrong with it,
// and no response of CHAP in it. The file is its owner's alone, and takes the
// place of no other.
func TestCapture(t *testing.T) {
	t.Parallel()
	need.Program(t, "tshark")
	array := &iscsitest.Target{
		Records: records(2), HeaderDigest: true, DataDigest: true,
		User: "host1", Secret: "secret-of-the-host", MutualUser: "array", MutualSecret: "secret-of-the-target",
	}
	server := iscsitest.Listen(t, array)
	folder := t.TempDir()
	file := filepath.Join(folder, "run.pcapng")
	scan := func(file string) (string, error) {
		t.Helper()
		cmd := exec.Command(filepath.Join(binDir, "discover"), "scan", "--capture", file, "--header-digest", "crc32c", "--data-digest", "crc32c",
			"--chap-user", array.User, "--chap-secret", "env:US", "--target-user", array.MutualUser, "--target-secret", "env:THEM", server.Addr.String())
		cmd.Env = append(os.Environ(), "US="+array.Secret, "THEM="+array.MutualSecret)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := scan(file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	judgement := targets.Judge(t, file, server.Addr.Port())
	for _, problem := range judgement.Problems {
		t.Errorf("Wireshark: %s", problem)
	}
	if got := len(judgement.PDUs); got != 12 {
		t.Errorf("got %d PDUs, want 12", got)
	}
	responses := 0
	for _, p := range judgement.PDUs {
		for _, kv := range p.Fields["iscsi.keyvalue"] {
			if value, ok := strings.CutPrefix(kv, "CHAP_R="); ok {
				responses++
				if strings.Trim(value, "*") != "" {
					t.Errorf("a response is in the file: %s", value)
				}
			}
		}
	}
	if responses != 2 {
		t.Errorf("got %d responses, want 2", responses)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("got mode %v, %v; want 0600", info.Mode(), err)
	}

	link := filepath.Join(folder, "link")
	if err := os.Symlink(filepath.Join(folder, "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	for _, taken := range []string{file, link, folder} {
		before := len(server.Sessions())
		out, err := scan(taken)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.HasSuffix(out, ": it is there already, and nothing is overwritten\n") {
			t.Errorf("%s: got %v, %q; want exit status 2", taken, err, out)
		}
		if got := len(server.Sessions()); got != before {
			t.Errorf("%s: the portal was asked", taken)
		}
	}
	if _, err := os.Lstat(filepath.Join(folder, "elsewhere")); err == nil {
		t.Error("a link was followed")
	}
}
