package iscsiadm

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// TestCallersLines has how programs take the lines of a discovery and of -m node apart:
// by the same expressions and splits, written anew.
func TestCallersLines(t *testing.T) {
	t.Parallel()
	discovered, listed := discoveredText(t), string(flat())
	for _, tt := range []struct {
		caller string
		read   func(line string) (portal, name string, ok bool)
		text   string
		want   string // portal and name of each line
	}{
		{"trident, -m node", byExpression(`^([^,]+),(-?\d+)\s+(.+)$`, 1, 3), listed,
			"192.0.2.10:3260 disk1, 192.0.2.10:3260 disk1, 192.0.2.10:3261 disk1, [2001:db8::10]:3260 disk1, 192.0.2.10:3260 disk2, [array]:3260 naa"},
		{"trident, a discovery", byExpression(`^([^,]+),(-?\d+)\s+(.+)$`, 1, 3), discovered,
			"192.0.2.10:3260 disk1, [2001:db8::10]:3261 disk1, 192.0.2.9:3260 disk2, 192.0.2.10:3260 naa"},
		{"HPE, -m node", byExpression(`^(.*):\d+,\d*\s+(.*)$`, 1, 2), listed,
			"192.0.2.10 disk1, 192.0.2.10 disk1, 192.0.2.10 disk1, [2001:db8::10] disk1, 192.0.2.10 disk2, [array] naa"},
		{"vdsm, a discovery", vdsm, discovered, "192.0.2.10 3260 1 disk1, 2001:db8::10 3261 2 disk1, 192.0.2.9 3260 -1 disk2, 192.0.2.10 3260 65535 naa"},
		{"os-brick, a discovery: names that begin with iqn. alone", osBrick, discovered,
			"192.0.2.10:3260 disk1, [2001:db8::10]:3261 disk1, 192.0.2.9:3260 disk2"},
		{"Ansible, -m node: it takes no IPv6", ansible, listed, "192.0.2.10 disk1, 192.0.2.10 disk1, 192.0.2.10 disk1, [2001 disk1, 192.0.2.10 disk2, [array] naa"},
		{"libvirt, a discovery", byExpression(`^\s*(\S+)\s+(\S+)\s*$`, 1, 2), discovered,
			"192.0.2.10:3260,1 disk1, [2001:db8::10]:3261,2 disk1, 192.0.2.9:3260,-1 disk2, 192.0.2.10:3260,65535 naa"},
		{"heartbeat, a discovery", heartbeat, discovered, "192.0.2.10:3260 disk1, [2001:db8::10]:3261 disk1, 192.0.2.9:3260 disk2, 192.0.2.10:3260 naa"},
		{"dracut and iscsi_discovery, a discovery", words2, discovered,
			"192.0.2.10:3260,1 disk1, [2001:db8::10]:3261,2 disk1, 192.0.2.9:3260,-1 disk2, 192.0.2.10:3260,65535 naa"},
	} {
		t.Run(tt.caller, func(t *testing.T) {
			t.Parallel()
			var got []string
			for line := range strings.Lines(tt.text) {
				if portal, name, ok := tt.read(strings.TrimSuffix(line, "\n")); ok {
					short := strings.TrimPrefix(name, "iqn.2026-11.com.example:")
					got = append(got, portal+" "+strings.TrimSuffix(short, ".52004567ba64678d"))
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// discoveredText is what a discovery prints.
func discoveredText(t *testing.T) string {
	t.Helper()
	var list target.List
	add := func(name string, addresses ...target.Address) {
		list.Add(&target.Target{Name: name, Addresses: addresses})
	}
	add(disk1, target.Address{Host: "192.0.2.10", Port: 3260, Group: 1}, target.Address{Host: "2001:db8::10", Port: 3261, Group: 2})
	add(disk2, target.Address{Host: "192.0.2.9", Port: 3260, Group: target.NoGroup})
	add("naa.52004567ba64678d", target.Address{Host: "192.0.2.10", Port: 3260, Group: 65535})
	var text strings.Builder
	o := render.NewISCSIADMOutput(&text, nil)
	if err := errors.Join(o.Targets(&initiator.Batch{List: list}), o.HandOn()); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// byExpression takes the groups of a regular expression.
func byExpression(expression string, portal, name int) func(string) (string, string, bool) {
	e := regexp.MustCompile(expression)
	return func(line string) (string, string, bool) {
		m := e.FindStringSubmatch(line)
		if m == nil {
			return "", "", false
		}
		return m[portal], m[name], true
	}
}

// words2 takes two words.
func words2(line string) (portal, name string, ok bool) {
	w := strings.Fields(line)
	if len(w) != 2 {
		return "", "", false
	}
	return w[0], w[1], true
}

// vdsm takes the tag from the end of the portal, then the port, then brackets.
func vdsm(line string) (portal, name string, ok bool) {
	rest, name, ok := words2(line)
	comma := strings.LastIndexByte(rest, ',')
	if !ok || comma < 0 {
		return "", "", false
	}
	tag, err := strconv.Atoi(rest[comma+1:])
	colon := strings.LastIndexByte(rest[:comma], ':')
	if err != nil || colon < 0 {
		return "", "", false
	}
	return fmt.Sprint(strings.Trim(rest[:colon], "[]"), " ", rest[colon+1:comma], " ", tag), name, true
}

func osBrick(line string) (portal, name string, ok bool) {
	portal, name, ok = words2(line)
	portal, _, _ = strings.Cut(portal, ",")
	return portal, name, ok && strings.HasPrefix(name, "iqn.")
}

func ansible(line string) (portal, name string, ok bool) {
	portal, name, ok = words2(line)
	portal, _, _ = strings.Cut(portal, ":")
	return portal, name, ok
}

// heartbeat takes the last word, and the first one up to a comma.
func heartbeat(line string) (portal, name string, ok bool) {
	w := strings.Fields(line)
	if len(w) == 0 {
		return "", "", false
	}
	portal, _, _ = strings.Cut(w[0], ",")
	return portal, w[len(w)-1], true
}

// TestCallersRecords has how os-brick finds the nodes of a portal in the list of -P 1.
func TestCallersRecords(t *testing.T) {
	t.Parallel()
	list := string(AppendRecords(nil, []Found{
		{Portal: Portal{"192.0.2.10", 3260}, Nodes: stored[3:4]},
		{Portal: Portal{"192.0.2.11", 3260}},
		{Portal: Portal{"2001:db8::10", 3260}, Nodes: stored[:2]},
	}, nil))
	for portal, want := range map[string]string{
		"192.0.2.10,3260":   "[2001:db8::10]:3260 " + disk1,
		"192.0.2.11,3260":   "",
		"2001:db8::10,3260": "192.0.2.10:3260 " + disk1,
		"192.0.2.99,3260":   "not there",
	} {
		part := regexp.MustCompile(`(?ms)^SENDTARGETS:\n.*?^DiscoveryAddress: ` + regexp.QuoteMeta(portal) + `.*?\n(.*?)^(?:DiscoveryAddress|iSNS):`).FindStringSubmatch(list)
		got := "not there"
		if part != nil {
			var found []string
			var name, at string
			for line := range strings.Lines(part[1]) {
				switch line = strings.TrimSpace(line); {
				case strings.HasPrefix(line, "Target: "):
					name = strings.TrimPrefix(line, "Target: ")
				case strings.HasPrefix(line, "Portal: "):
					at, _, _ = strings.Cut(strings.TrimPrefix(line, "Portal: "), ",")
				case line == "Iface Name: default":
					found = append(found, at+" "+name)
				}
			}
			got = strings.Join(found, ", ")
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", portal, got, want)
		}
	}
}

// TestCallersNodeRecords has how os-brick reads the names and the startup of nodes.
func TestCallersNodeRecords(t *testing.T) {
	t.Parallel()
	var b []byte
	for _, i := range []int{0, 4} {
		b = AppendNodeRecord(b, &stored[i], Portal{"192.0.2.10", 3260}, SendTargets, "2.1.11")
	}
	var got []string
	for line := range strings.Lines(string(b)) {
		if w := strings.Fields(line); len(w) == 3 && (w[0] == "node.name" || w[0] == "node.startup") {
			got = append(got, w[2])
		}
	}
	if want := []string{disk1, "manual", disk2, "manual"}; !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCallersInterfaces has how libvirt and vdsm read -m iface.
func TestCallersInterfaces(t *testing.T) {
	t.Parallel()
	line := strings.TrimSuffix(string(AppendIface(nil, &IfaceLine{Name: "libvirt-iface-1", Transport: "tcp", Device: "eth1", InitiatorName: "iqn.x:y"})), "\n")
	name, rest, _ := strings.Cut(line, " ")
	if iqn := rest[strings.LastIndexByte(rest, ',')+1:]; name != "libvirt-iface-1" || iqn != "iqn.x:y" {
		t.Errorf("libvirt: got %q, %q", name, iqn)
	}
	if fields := strings.Split(rest, ","); len(fields) != 5 || fields[0] != "tcp" || fields[3] != "eth1" {
		t.Errorf("vdsm: got %q", fields)
	}
}
