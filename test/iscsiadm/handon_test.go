//go:build linux

package iscsiadm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A pair is ours beside the real program, on one database.
type pair struct {
	*room
	realPath, ourPath string
	ourArgs           []string
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{room: newRoom(t), realPath: realProgram(t)}
	program := ours(t)
	p.ourPath, p.ourArgs = program[0], program[1:]
	p.env = append(p.env, "DISCOVER_ISCSIADM="+p.realPath)
	return p
}

// ours runs ours, which has to succeed.
func (p *pair) ours(line string) {
	p.t.Helper()
	if a := p.run(p.ourPath, append(slices.Clone(p.ourArgs), strings.Fields(line)...)...); a.exit != 0 {
		p.t.Fatalf("%s: %+v", line, a)
	}
}

// real runs the real program, and returns what it printed.
func (p *pair) real(line string) string {
	p.t.Helper()
	return p.run(p.realPath, strings.Fields(line)...).stdout
}

// nodes compares the nodes that the real program has, each with its ifaces.
func (p *pair) nodes(why string, want ...string) {
	p.t.Helper()
	var got []string
	var target, portal string
	for line := range strings.Lines(p.real("-m node -P 1")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "Target":
			target = value
		case "Portal":
			portal = value
		case "Iface Name":
			got = append(got, target+" "+portal+" "+value)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		p.t.Errorf("%s: want (-) and got (+):\n%s", why, diff)
	}
}

// TestHandOn: what ours finds, the real program has then, and what it had stays as it was.
func TestHandOn(t *testing.T) {
	startLab(t)
	p := newPair(t)
	const at, atEth1 = " " + open + ":3260,1 ", " " + openEth1 + ":3260,1 "
	both := []string{disk1 + at + "default", disk2 + at + "default"}

	p.ours("-m discovery -t st -p " + openEth1 + " -o nonpersistent")
	p.nodes("nothing is to be stored")
	p.ours("-m discovery -t st -p " + open)
	p.nodes("two were found", both...)

	p.real("-m node -T " + disk1 + " -o update -n node.startup -v automatic")
	p.real("-m node -T " + disk2 + " -o delete")
	p.ours("-m discovery -t st -p " + open)
	p.nodes("one was missing", both...)
	if node := p.real("-m node -T " + disk1 + " -p " + open); !strings.Contains(node, "node.startup = automatic\n") {
		t.Errorf("the node that was there is not as it was:\n%s", node)
	}

	p.write("iscsi/ifaces/if0", "iface.iscsi_ifacename = if0\niface.transport_name = tcp\niface.net_ifacename = eth1\n")
	bound := slices.Concat(both, []string{disk1 + atEth1 + "if0", disk2 + atEth1 + "if0", vault + atEth1 + "if0"})
	p.ours("-m discovery -t st -p " + openEth1 + " -I if0")
	p.nodes("with an iface", bound...)
	// The real program would remove those of if0.
	p.ours("-m discovery -t st -p " + openEth1 + " -I default")
	all := slices.Concat(bound, []string{disk1 + atEth1 + "default", disk2 + atEth1 + "default", vault + atEth1 + "default"})
	p.nodes("with another iface, too", all...)

	p.ours("-m discovery -p " + openEth1 + " -o delete")
	p.nodes("the record was removed, and its nodes", both...)
}

// TestNotItself: a real program that is ours would call itself for ever.
func TestNotItself(t *testing.T) {
	r := newRoom(t)
	program := ours(t)
	link := filepath.Join(r.folder, "iscsiadm")
	if err := os.Symlink(program[0], link); err != nil {
		t.Fatal(err)
	}
	r.env = append(r.env, "DISCOVER_ISCSIADM="+link)
	a := r.run(link, "-m", "session")
	if a.exit != 27 || len(a.stderr) == 0 {
		t.Errorf("got %+v, want exit 27 and the reason", a)
	}
	t.Log(strings.Join(a.stderr, "\n"))
}
