//go:build unix

package command

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/output"
	"github.com/go-iscsi/discovery/test/poll"
)

// A pairMember is discoverd on a registry in etcd, as a process.
type pairMember struct {
	cmd *exec.Cmd
	log output.Buffer // standard error
}

var listensAt = regexp.MustCompile(`listening at (\S+)`)

// get returns what the daemon answers; empty: nothing yet.
func (m *pairMember) get(path string) string {
	at := listensAt.FindStringSubmatch(m.log.String())
	if at == nil {
		return ""
	}
	resp, err := http.Get("http://" + at[1] + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

func (m *pairMember) await(t *testing.T, path, text string) {
	t.Helper()
	poll.Until(t, 2*time.Minute, fmt.Sprintf("%s has %q", path, text), func() string {
		is := m.get(path)
		if strings.Contains(is, text) {
			return ""
		}
		return is + "\nstandard error:\n" + m.log.String()
	})
}

// TestRegistryInEtcd: discover works on a registry in etcd through discover-fleet; of two
// discoverd on it one asks, and when it is killed the other one does.
func TestRegistryInEtcd(t *testing.T) {
	t.Parallel()
	programs := t.TempDir()
	build := exec.Command("go", "build", "-o", programs+"/", "github.com/go-iscsi/discovery/cmd/discover-fleet", "github.com/go-iscsi/discovery/cmd/discoverd")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := etcdtest.Start(t, etcdtest.Options{})
	server.Authenticate(t, etcdtest.User{Name: "pair", Password: "the-password", Write: []string{"/pair/"}})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("the-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	array := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.example:a"}}})
	at := array.Addr.String()
	env := []string{
		"PATH=" + programs + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "DISCOVER_REGISTRY=etcd:/pair", "DISCOVER_ETCD=" + server.URL(),
		"DISCOVER_ETCD_USER=pair", "DISCOVER_ETCD_PASSWORD=file:" + password,
	}
	discover := func(status int, want string, args ...string) {
		t.Helper()
		cmd := exec.Command(filepath.Join(binDir, "discover"), args...)
		cmd.Env = env
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != status || !strings.Contains(string(out), want) || strings.Contains(string(out), "the-password") {
			t.Errorf("discover %q: got status %d, want %d, and %q in\n%s", args, got, status, want, out)
		}
	}
	member := func() *pairMember {
		m := &pairMember{cmd: exec.Command(filepath.Join(programs, "discoverd"), "--listen", "127.0.0.1:0", "--every", "1s", "--now", "--initiator-name", "iqn.2026-11.example:i")}
		m.cmd.Env, m.cmd.Stderr = env, &m.log
		if err := m.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.cmd.Process.Kill(); _ = m.cmd.Wait() })
		return m
	}
	discover(0, "1 target", "portal", "add", "--initiator-name", "iqn.2026-11.example:i", at)
	one := member()
	up := `portal="` + at + `"} 1`
	one.await(t, "/metrics", up)
	two := member()
	two.await(t, "/-/ready", "asks the portals")
	discover(0, at, "portal", "list")
	discover(0, "iqn.2026-11.example:a", "target", "list")
	discover(2, "this registry is in etcd", "registry", "check")

	_ = one.cmd.Process.Kill()
	two.await(t, "/metrics", up)
	two.await(t, "/-/ready", "ready\n")
	discover(0, "removed "+at, "portal", "remove", at)
	two.await(t, "/metrics", "iscsi_discovery_registry_portals 0")

	env[3] = "DISCOVER_ETCD=http://127.0.0.1:1"
	discover(1, "not reachable", "portal", "list")
	env[0] = "PATH=/nowhere"
	discover(1, "needs the program discover-fleet", "portal", "list")
}
