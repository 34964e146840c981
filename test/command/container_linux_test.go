package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestContainer: in the container of docs/guide/containers.md, whose root has nothing but the
// program and cannot be written, user 65534 without a capability discovers, by a name
// from a file, and keeps what it found where it has a folder for that.
func TestContainer(t *testing.T) {
	t.Parallel()
	need.Root(t)
	const nobody = 65534
	root := t.TempDir()
	for _, dir := range []string{"usr/bin", "etc/iscsi", "var/lib/discover"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil { //nolint:gosec // others run what is in it
			t.Fatal(err)
		}
	}
	program := filepath.Join(root, "usr/bin/discover")
	build := exec.Command("go", "build", "-o", program, "github.com/go-iscsi/discovery/cmd/discover")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Link(program, filepath.Join(root, "usr/bin/iscsiadm")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(root, "var/lib/discover"), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	const name = "iqn.2026-11.com.example:node1"
	if err := os.WriteFile(filepath.Join(root, "etc/iscsi/initiatorname.iscsi"), []byte("InitiatorName="+name+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/iscsi/node"), []byte("InitiatorName="+name+"\n"), 0o644); err != nil { //nolint:gosec // it is no secret
		t.Fatal(err)
	}
	good := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}}})
	portal := good.Addr.String()
	const line = "192.0.2.10:3260,1 iqn.2026-11.com.example:disk1\n"

	run := func(registry, program string, args ...string) (status int, stdout, stderr string) {
		var out, errs strings.Builder
		// The root is mounted over itself as one that cannot be written, but for the folder.
		const world = `mount --bind "$0" "$0" && mount --bind "$0/var/lib/discover" "$0/var/lib/discover" && mount -o remount,bind,ro "$0" &&
			exec chroot --userspec=65534:65534 --groups= "$0" "$@"`
		cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", world, root, "/usr/bin/" + program}, args...)...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = "/", &out, &errs
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "DISCOVER_REGISTRY=" + registry}
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode(), out.String(), errs.String()
	}
	const registry, nowhere = "/var/lib/discover/registry.db", "/srv/registry.db"
	for _, tt := range []struct {
		registry       string
		program, args  string
		status         int
		stdout, stderr string // what is in it; empty: nothing is
	}{
		{registry, "iscsiadm", "-m node", 21, "", "No records found"},
		{registry, "discover", "initiator set-name " + name, 0, name, ""},
		{registry, "iscsiadm", "-m discovery -t st -p " + portal, 0, line, ""},
		{registry, "iscsiadm", "-m node", 0, line, ""},
		{registry, "discover", "scan -o iscsiadm --initiator-name file:/etc/iscsi/node " + portal, 0, line, ""},
		{registry, "discover", "scan -o iscsiadm --initiator-name file:/etc/iscsi/initiatorname.iscsi " + portal, 2, "", "permission denied"},
		{registry, "discover", "scan -o iscsiadm --capture /capture.pcapng " + portal, 2, "", "read-only file system"},
		{nowhere, "iscsiadm", "-m discovery -t st -p " + portal, 0, line, "the registry cannot be written, so nothing is stored"},
		{nowhere, "iscsiadm", "-m discoverydb -t st -p " + portal + " -o new", 6, "", "Could not add new discovery record."},
		{nowhere, "iscsiadm", "-m node", 21, "", "No records found"},
		{registry, "iscsiadm", "-m session", 27, "", "-m session is not here"},
	} {
		status, stdout, stderr := run(tt.registry, tt.program, strings.Fields(tt.args)...)
		if status != tt.status || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
			t.Errorf("%s %s: got %d, %q and %q, want %d, %q and %q", tt.program, tt.args, status, stdout, stderr, tt.status, tt.stdout, tt.stderr)
		}
	}
	for i, session := range good.Sessions() {
		if i == len(good.Sessions())-1 {
			break // it had no registry to have the name from
		}
		if got, _ := session.Key("InitiatorName"); got != name {
			t.Errorf("session %d: initiator name %q, want %q", i, got, name)
		}
	}
}
