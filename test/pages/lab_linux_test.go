package pages

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
)

// The user who runs the examples, and the folders that this user sees. The number is that
// of nobody who has files or processes on the machine.
const (
	uid, gid = 59999, 59999
	home     = "/home/alice"
	binaries = "/home/bin"
)

// The names and secrets of the lab. They were made up for it.
const (
	initiatorName          = "iqn.2026-11.com.example:host1"
	chapUser, chapSecret   = "host1", "secret-of-host1"
	arrayUser, arraySecret = "array", "secret-of-array"
	disk1                  = "iqn.2026-11.com.example:disk1"
	disk2                  = "iqn.2026-11.com.example:disk2"
	vault                  = "iqn.2026-11.com.example:vault"
	arrayMAC0, arrayMAC1   = "02:00:00:00:00:10", "02:00:00:00:01:10"
)

// files are in the folder of the examples, for their user alone.
var files = map[string]string{
	"secret":       chapSecret + "\n",
	"wrong":        "another-secret-12\n",
	"array-secret": arraySecret + "\n",
	"psk":          "a long random key\n",
	"portals.txt":  "# the arrays\n192.0.2.10\n192.0.2.12\n",
}

// A lab is the world of one page: a host with two cables to a network in which the
// targets are.
type lab struct {
	host, array *netns.Namespace
	tgt         *targets.Tgt // at 192.0.2.10 and 198.51.100.10
	home        string       // home, as this test sees it
	iscsi       string       // /etc/iscsi of the host
}

// newLab returns a lab, with its targets.
func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{host: netns.New(t), array: netns.New(t), home: t.TempDir(), iscsi: t.TempDir()}
	l.cable(t)
	l.serve(t)
	l.protect(t)
	l.writeFiles(t)
	return l
}

// cable lays the cables. All addresses of the networks have a neighbour's entry, so that
// one that nobody has is silent; without it the kernel would say after three seconds that
// there is no such host.
func (l *lab) cable(t *testing.T) {
	t.Helper()
	for _, c := range []struct{ name, mac, host string }{
		{"eth0", arrayMAC0, "192.0.2.2/24"}, {"eth1", arrayMAC1, "198.51.100.2/24"},
	} {
		netns.Connect(t, l.host, c.name, l.array, c.name)
		l.ip(t, l.array, "link set dev "+c.name+" address "+c.mac)
		l.host.AddAddress(t, c.name, netip.MustParsePrefix(c.host))
	}
	for _, n := range []*netns.Namespace{l.host, l.array} {
		n.Sysctl(t, "net/ipv4/conf/all/rp_filter", "0")
		n.Sysctl(t, "net/ipv4/conf/eth0/rp_filter", "0")
		n.Sysctl(t, "net/ipv4/conf/eth1/rp_filter", "0")
	}
	// An address is found by its own cable only.
	l.array.Sysctl(t, "net/ipv4/conf/all/arp_ignore", "2")
	for _, addr := range []string{
		"192.0.2.5/24", "192.0.2.10/24", "192.0.2.11/24", "192.0.2.12/24", "192.0.2.14/24",
	} {
		l.array.AddAddress(t, "eth0", netip.MustParsePrefix(addr))
	}
	l.array.AddAddress(t, "eth1", netip.MustParsePrefix("198.51.100.10/24"))
	for last := 10; last < 30; last++ {
		l.array.AddAddress(t, "eth0", netip.MustParsePrefix(fmt.Sprintf("203.0.113.%d/32", last)))
	}
	l.ip(t, l.host, "route add 203.0.113.0/24 via 192.0.2.1 dev eth0 onlink")
	var batch strings.Builder
	for last := 1; last < 255; last++ {
		if last != 2 {
			fmt.Fprintf(&batch, "neigh replace 192.0.2.%d lladdr %s dev eth0 nud permanent\n", last, arrayMAC0)
			fmt.Fprintf(&batch, "neigh replace 198.51.100.%d lladdr %s dev eth1 nud permanent\n", last, arrayMAC1)
		}
	}
	cmd := exec.Command(need.Program(t, "ip"), "-batch", "-")
	cmd.Stdin = strings.NewReader(batch.String())
	if err := l.host.Run(cmd); err != nil {
		t.Fatal(err)
	}
}

func (l *lab) ip(t *testing.T, n *netns.Namespace, command string) {
	t.Helper()
	n.Output(t, need.Program(t, "ip"), strings.Fields(command)...)
}

// writeFiles fills the folders of the host.
func (l *lab) writeFiles(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/etc/iscsi"); err != nil {
		need.Missing(t, "the folder /etc/iscsi", "apt-get install open-iscsi")
	}
	name := filepath.Join(l.iscsi, "initiatorname.iscsi")
	err := os.WriteFile(name, []byte("InitiatorName="+initiatorName+"\n"), 0o644) //nolint:gosec // all may know it
	for file, content := range files {
		if err == nil {
			err = l.write(file, content)
		}
	}
	if err == nil {
		err = os.Chown(l.home, uid, gid)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// write puts a file into the folder of the examples.
func (l *lab) write(name, content string) error {
	path := filepath.Join(l.home, filepath.Base(name))
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}

// fresh removes the registry.
func (l *lab) fresh() error {
	return os.RemoveAll(filepath.Join(l.home, ".local"))
}

// inside is run as root in a mount namespace and a network namespace of its own. It
// becomes the user of the examples, at home, on a host named host1.
const inside = `set -e
mount --make-rprivate /
mount --bind "$1" /etc/iscsi
mount -t tmpfs none /run
mount -t tmpfs none /home
mkdir ` + home + ` ` + binaries + `
mount --bind "$2" ` + home + `
mount --bind "$3" ` + binaries + `
mount -t tmpfs -o mode=1777 none /tmp
hostname host1
cd ` + home + `
exec setpriv --reuid "$4" --regid "$5" --clear-groups --inh-caps=-all --pdeathsig KILL -- bash -c "$6"
`

// command returns a command line of the host's user, which is not started yet.
func (l *lab) command(t *testing.T, line string) *exec.Cmd {
	t.Helper()
	need.Program(t, "setpriv")
	need.Program(t, "bash")
	cmd := exec.Command("sh", "-c", inside, "sh", l.iscsi, l.home, binDir, strconv.Itoa(uid), strconv.Itoa(gid), line)
	cmd.Env = []string{
		"HOME=" + home, "USER=alice", "LOGNAME=alice", "LANG=C.UTF-8", "TERM=dumb", "TZ=UTC",
		"PATH=" + binaries + ":/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}
	return cmd
}
