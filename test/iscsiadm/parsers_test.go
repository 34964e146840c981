//go:build linux

package iscsiadm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A parser reads what iscsiadm printed as a program does, by a rule that says the same as
// that program's own, and returns its idea of it.
type parser struct {
	program string
	line    string // the command line that it sends
	read    func(stdout string) []string
	want    []string
}

var (
	// Trident: the portal is before the comma, and the group may be negative.
	tridentLine = regexp.MustCompile(`^(?P<portal>[^,]*),(?P<group>-?[0-9]+)\s+(?P<name>.*)$`)
	// HPE: a group has digits only.
	hpeLine = regexp.MustCompile(`(?m)^(?P<address>.*):(?P<port>[0-9]+),[0-9]* (?P<name>\S+)$`)
)

var parsers = []parser{
	{program: "Trident", line: "-m discovery -t st -p " + open, read: readTrident, want: []string{open + ":3260 " + disk1, open + ":3260 " + disk2}},
	{program: "Trident", line: "-m discovery -t st -p [" + openIPv6 + "]", read: readTrident, want: []string{"[" + openIPv6 + "]:3260 " + disk1, "[" + openIPv6 + "]:3260 " + disk2}},
	{program: "Trident", line: "-m node", read: readTrident, want: []string{open + ":3260 " + disk1, "[" + openIPv6 + "]:3260 " + disk1, open + ":3260 " + disk2, "[" + openIPv6 + "]:3260 " + disk2}},
	{program: "HPE", line: "-m discovery -t st -p " + open + " -o new", read: readHPE, want: []string{open + " 3260 " + disk1, open + " 3260 " + disk2}},
	{program: "os-brick", line: "-m discovery -t sendtargets -I default -p " + open + ":3260", read: readOSBrick, want: []string{open + ":3260 " + disk1, open + ":3260 " + disk2}},
	{program: "vdsm", line: "-m discoverydb -t sendtargets -I default -p " + open + ":3260 --discover", read: readVDSM, want: []string{open + " 3260 1 " + disk1, open + " 3260 1 " + disk2}},
	{program: "vdsm", line: "-m iface", read: readVDSMIface, want: []string{"default tcp", "iser iser"}},
	{program: "csi-lib-iscsi", line: "-m iface -o show", read: readFirstWord, want: []string{"default", "iser"}},
	{program: "Ansible", line: "--mode node", read: readAnsible, want: []string{open + " " + disk1, open + " " + disk2}},
	{program: "libvirt", line: "--mode discovery --type sendtargets --portal " + open + ":3260,1 --op nonpersistent", read: readSecondWord, want: []string{disk1, disk2}},
	{program: "heartbeat", line: "--version", read: readVersion, want: []string{"2"}},
}

// TestParsers: programs understand what ours prints, where there is no real one.
func TestParsers(t *testing.T) {
	startLab(t)
	r := newRoom(t)
	r.env = append(r.env, "DISCOVER_ISCSIADM=")
	program := ours(t)
	for _, p := range parsers {
		t.Run(p.program, func(t *testing.T) {
			a := r.run(program[0], append(slices.Clone(program[1:]), strings.Fields(p.line)...)...)
			if a.exit != 0 {
				t.Fatalf("%s: %+v", p.line, a)
			}
			got := p.read(a.stdout)
			slices.Sort(got)
			slices.Sort(p.want)
			if diff := cmp.Diff(p.want, got); diff != "" {
				t.Errorf("%s: want (-) and got (+):\n%s", p.line, diff)
			}
		})
	}
}

// each returns what f makes of each line.
func each(stdout string, f func(line string) string) []string {
	var out []string
	for line := range strings.Lines(stdout) {
		out = append(out, f(strings.TrimSuffix(line, "\n")))
	}
	return out
}

// notUnderstood is what stands for a line that a program would stumble over.
func notUnderstood(line string) string { return fmt.Sprintf("not understood: %q", line) }

func readTrident(stdout string) []string {
	return each(stdout, func(line string) string {
		m := tridentLine.FindStringSubmatch(line)
		if m == nil {
			return notUnderstood(line)
		}
		return m[1] + " " + m[3]
	})
}

func readHPE(stdout string) []string {
	var out []string
	for _, m := range hpeLine.FindAllStringSubmatch(stdout, -1) {
		out = append(out, strings.Join(m[1:], " "))
	}
	return out
}

// readOSBrick: lines of two words, of which the second is an iqn name.
func readOSBrick(stdout string) []string {
	return each(stdout, func(line string) string {
		words := strings.Split(line, " ")
		if len(words) != 2 || !strings.HasPrefix(words[1], "iqn.") {
			return notUnderstood(line)
		}
		portal, _, _ := strings.Cut(words[0], ",")
		return portal + " " + words[1]
	})
}

// readVDSM: two words, of which the first has one comma; what is behind it and what is
// behind the last colon before it are numbers.
func readVDSM(stdout string) []string {
	return each(stdout, func(line string) string {
		words := strings.Fields(line)
		if len(words) != 2 || strings.Count(words[0], ",") != 1 {
			return notUnderstood(line)
		}
		portal, group, _ := strings.Cut(words[0], ",")
		colon := strings.LastIndex(portal, ":")
		var port, tag int
		if n, err := fmt.Sscanf(portal[colon+1:]+" "+group, "%d %d", &port, &tag); n != 2 || err != nil || colon < 0 {
			return notUnderstood(line)
		}
		return fmt.Sprintf("%s %d %d %s", strings.Trim(portal[:colon], "[]"), port, tag, words[1])
	})
}

// readVDSMIface: six words, between which there is one blank or comma.
func readVDSMIface(stdout string) []string {
	return each(stdout, func(line string) string {
		fields := regexp.MustCompile(`[\s,]`).Split(line, -1)
		if len(fields) != 6 {
			return notUnderstood(line)
		}
		return fields[0] + " " + fields[1]
	})
}

// readAnsible: at most two words; the address is before the first colon.
func readAnsible(stdout string) []string {
	var out []string
	for _, line := range each(stdout, func(line string) string {
		words := strings.Fields(line)
		if len(words) != 2 {
			return notUnderstood(line)
		}
		address, _, _ := strings.Cut(words[0], ":")
		return address + " " + words[1]
	}) {
		if !strings.HasPrefix(line, "[") { // an IPv6 address, which it never finds
			out = append(out, line)
		}
	}
	return out
}

func readFirstWord(stdout string) []string {
	return each(stdout, func(line string) string { return strings.Fields(line)[0] })
}

// readSecondWord: each line of two words is a target.
func readSecondWord(stdout string) []string {
	return each(stdout, func(line string) string {
		if words := strings.Fields(line); len(words) == 2 {
			return words[1]
		}
		return notUnderstood(line)
	})
}

// readVersion: the third word is a version, which begins with a number.
func readVersion(stdout string) []string {
	words := strings.Fields(stdout)
	if len(words) < 3 {
		return []string{notUnderstood(stdout)}
	}
	major, _, _ := strings.Cut(words[2], ".")
	return []string{major}
}
