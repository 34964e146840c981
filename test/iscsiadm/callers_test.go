//go:build linux

package iscsiadm

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/internal/need"
)

// callersVariable names the folder where packages of callers are unpacked
// (.ci/callers does that); without it they have to be installed.
const callersVariable = "DISCOVER_TEST_CALLERS"

// A caller is a program that calls iscsiadm for a discovery.
type caller struct {
	name     string
	packages string   // of Debian
	files    []string // what it needs of them; patterns
	programs []string // what it needs of the system
	run      func(*desk) []string

	want []string // what it finds: a name, a colon, a result

	// What is another result, by name, where there is no real program to log in.
	alone map[string]string
}

// wantAlone is what the caller finds without a real program.
func (c *caller) wantAlone() []string {
	var out []string
	for _, line := range c.want {
		name, _, _ := strings.Cut(line, ": ")
		if result, ok := c.alone[name]; ok {
			line = name + ": " + result
		}
		out = append(out, line)
	}
	return out
}

var callers = []caller{
	{
		name: "ansible", packages: "ansible-core ansible", run: runAnsible, programs: []string{python},
		files: []string{"usr/lib/python3/dist-packages/ansible/module_utils/basic.py", ansibleModule},
		want: []string{
			"first: changed, " + disk1 + " " + disk2,
			"again: " + disk1 + " " + disk2,
			"CHAP is wanted: failed",
			"refused: failed",
			"CHAP of iscsid.conf: changed, " + secureName,
		},
	},
	{
		name: "os-brick", packages: "python3-os-brick", run: runOSBrick, programs: []string{python},
		files: []string{"usr/lib/python3/dist-packages/os_brick/initiator/connectors/iscsi.py"},
		want: []string{
			"manual scan: true",
			"first: " + open + ":3260 " + disk1 + ", " + open + ":3260 " + disk2,
			"again: " + open + ":3260 " + disk1 + ", " + open + ":3260 " + disk2,
			"known: " + open + ":3260 " + disk1 + ", " + open + ":3260 " + disk2,
			"not known: TargetPortalsNotFound",
			"one target: " + open + ":3260 " + disk1,
			"IPv6: [" + openIPv6 + "]:3260 " + disk1 + ", [" + openIPv6 + "]:3260 " + disk2,
			"IPv6, known: [" + openIPv6 + "]:3260 " + disk1 + ", [" + openIPv6 + "]:3260 " + disk2,
			"CHAP: " + secure + ":3260 " + secureName,
			"CHAP, again: " + secure + ":3260 " + secureName,
			"CHAP, known: " + secure + ":3260 " + secureName,
			"wrong secret: ProcessExecutionError 24",
			"no secret: ProcessExecutionError 24",
			"refused: TargetPortalNotFound",
		},
	},
	{
		name: "libvirt", packages: "libvirt-daemon libvirt-clients", run: runLibvirt,
		files: []string{"usr/sbin/libvirtd", "usr/bin/virsh", libvirtStorage},
		want: []string{
			"find " + open + ": " + disk1 + " " + disk2,
			"find " + openIPv6 + ": " + disk1 + " " + disk2,
			"find " + secure + ": unexpected exit status 24",
			"find " + closed + ": unexpected exit status 11",
			"find " + open + " --initiator iqn.2026-11.com.example:nobody: no iSCSI interface defined",
			"find " + open + " --initiator iqn.2026-11.com.example:me: " + disk1 + " " + disk2,
			"pool with an initiator: unexpected exit status 5",
		},
		alone: map[string]string{"pool with an initiator": "status '27'"},
	},
	{
		name: "heartbeat", packages: "resource-agents", run: runHeartbeat, programs: []string{"ps", "awk"},
		files: []string{heartbeatAgent, "usr/lib/ocf/lib/heartbeat/ocf-shellfuncs"},
		want: []string{
			"monitor: 7",
			"start: 1, could not log in",
			"start of a target that is not there: 1, not found at portal",
			"start at a refused portal: 1, could not perform sendtargets discovery",
		},
		alone: map[string]string{"start": "1"},
	},
	{
		name: "iscsi_discovery", packages: "open-iscsi", run: runScript, programs: []string{"iscsi_discovery", "pidof"},
		want: []string{
			open + ": 0, discovered 2 targets, " + disk1 + " " + disk2,
			secure + ": 0, discovered 1 targets,",
			closed + ": 0, discovered 1 targets,",
		},
	},
}

// TestCallers: programs that call iscsiadm find with ours what they find with the real one.
func TestCallers(t *testing.T) {
	real := realProgram(t)
	startLab(t)
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			c.need(t)
			t.Parallel()
			for _, tt := range []struct {
				name string
				set  func(*desk)
				want []string
			}{
				{"real", func(d *desk) { d.link(real) }, c.want},
				{beside, func(d *desk) {
					d.link(ours(t)[0])
					d.copy(real, "real-iscsiadm") // the one of the system is hidden
					d.env = append(d.env, "DISCOVER_ISCSIADM="+filepath.Join(d.folder, "real-iscsiadm"))
				}, c.want},
				{alone, func(d *desk) { d.link(ours(t)[0]) }, c.wantAlone()},
			} {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					d := newDesk(t)
					tt.set(d)
					if diff := cmp.Diff(tt.want, c.run(d)); diff != "" {
						t.Errorf("want (-) and got (+):\n%s", diff)
					}
				})
			}
		})
	}
}

// callersFolder is below which the callers' files are.
func callersFolder() string {
	if folder := os.Getenv(callersVariable); folder != "" {
		return folder
	}
	return "/"
}

// need asks for what the caller cannot do without.
func (c *caller) need(t *testing.T) {
	t.Helper()
	for _, name := range c.programs {
		need.Program(t, name)
	}
	for _, pattern := range c.files {
		if found, err := filepath.Glob(filepath.Join(callersFolder(), pattern)); err != nil || len(found) == 0 {
			need.Missing(t, "/"+pattern, "apt-get install "+c.packages+", or .ci/callers FOLDER and "+callersVariable+"=FOLDER")
		}
	}
}

// A desk is a room in which a caller runs.
type desk struct {
	*room
	root string // below which the callers' files are
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{room: newRoom(t), root: callersFolder()}
	d.env = append(d.env,
		"PATH="+filepath.Join(d.folder, filepath.Dir(roomProgram))+":/usr/sbin:/usr/bin:/sbin:/bin",
		"DISCOVER_ISCSIADM=",
		"PYTHONDONTWRITEBYTECODE=1",
		"PYTHONPATH="+filepath.Join(d.root, pythonFolder))
	if d.root != "/" {
		d.env = append(d.env, "LD_LIBRARY_PATH="+d.glob("usr/lib/*-linux-gnu"))
	}
	return d
}

// glob returns the first file that a pattern means, below the root.
func (d *desk) glob(pattern string) string {
	d.t.Helper()
	found, err := filepath.Glob(filepath.Join(d.root, pattern))
	if err != nil || len(found) == 0 {
		d.t.Fatalf("no %s in %s, %v", pattern, d.root, err)
	}
	return found[0]
}

// link makes a program the room's iscsiadm: by its name, which is how it knows what to be.
func (d *desk) link(program string) {
	d.t.Helper()
	if program == systemProgram {
		return
	}
	if err := os.Mkdir(filepath.Join(d.folder, "bin"), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(d.folder, roomProgram)); err != nil {
		d.t.Fatal(err)
	}
}

// copy copies a program into the room.
func (d *desk) copy(program, name string) {
	d.t.Helper()
	from, err := os.Open(program)
	if err != nil {
		d.t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(d.folder, name), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		d.t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if closeErr := to.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// with returns the first of the parts that is in the text, behind a comma.
func with(text string, parts ...string) string {
	text = strings.ToLower(text)
	i := slices.IndexFunc(parts, func(part string) bool { return strings.Contains(text, part) })
	if i < 0 {
		return ""
	}
	return ", " + parts[i]
}
