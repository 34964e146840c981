package verbs

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/isnstest"
)

const outputPage = "../../../../docs/reference/output.md"

// A typedLine is what a line of -o jsonl says of its type.
type typedLine struct {
	Type       string
	TypeBefore string `json:"type_before"`
}

// typesOf returns the types of the lines that a verb prints.
func typesOf(t *testing.T, r ran) (all []typedLine) {
	for line := range strings.Lines(r.stdout) {
		var l typedLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("got %v of %+v", err, r)
		}
		all = append(all, l)
	}
	return all
}

// TestLineTypes (issue 20, F4): an item has one type of line, whatever verb shows it, and
// docs/reference/output.md has the types, and no others.
func TestLineTypes(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.files["/etc/psk"] = "a preshared key of many bytes"
	l.env["DISCOVER_REGISTRY"] = t.TempDir() + "/registry.db"
	l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: twoTargets().Records[:1]})
	l.isns(t, isnstest.Config{Database: isnstest.Database{Nodes: []isnstest.Node{{Name: "iqn.2026-11.com.example:vault", Access: []isnstest.Access{{Portal: netip.MustParseAddrPort("192.0.2.10:3260"), Group: 1}}}}}})
	l.cleanIPsec = func(context.Context, bool, bool) ([]strongswan.Leftover, error) {
		return []strongswan.Leftover{{Name: "iscsi-discovery-1-2-3-4", Owner: "gone", Removed: true}}, nil
	}
	b, err := os.ReadFile(outputPage)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(b), "| type | an item of |")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` ").FindAllStringSubmatch(table, -1) {
		documented[row[1]] = false
	}
	for _, tt := range []struct {
		args, want, before string
	}{
		{"scan 192.0.2.10", "target portal", ""},
		{"scan 192.0.2.10/32", "target portal block", ""},
		{"portal add --instance host 192.0.2.10", "target portal", ""},
		{"portal set --instance host --dry-run --symbolic-name array1 192.0.2.10", "stored-portal", ""},
		{"portal list", "stored-portal", ""},
		{"portal show 192.0.2.10", "stored-portal", ""},
		{"target add iqn.2026-11.com.example:disk1", "known-target", "targets"},
		{"target list", "known-target", ""},
		{"target prune", "", ""},
		{"target remove iqn.2026-11.com.example:disk1", "removed", ""},
		{"instance add san --interface eth1", "instance", "instances"},
		{"instance list", "instance", ""},
		{"port list --instance san", "port", ""},
		{"paths", "path", ""},
		{"ipsec policy add tag=7 transport", "policy", "policies"},
		{"ipsec policy list", "policy", ""},
		{"ipsec policy remove tag=7", "removed", ""},
		{"ipsec psk set group file:/etc/psk", "key", "keys"},
		{"ipsec psk list", "key", ""},
		{"ipsec tunnel set 192.0.2.11 203.0.113.1", "tunnel", "tunnels"},
		{"ipsec tunnel list", "tunnel", ""},
		{"ipsec default transport", "default", ""},
		{"ipsec default 0x00", "default", ""},
		{"ipsec explain 192.0.2.10", "explanation", ""},
		{"ipsec cleanup", "leftover", ""},
		{"initiator show", "initiator", ""},
		{"registry path", "registry", ""},
		{"registry check", "check", ""},
		{"registry rekey", "rekeyed", ""},
		{"isns add 192.0.2.5", "isns-target isns-answer", ""},
		{"isns list", "isns-server", ""},
		{"scan --isns 192.0.2.5", "target portal isns-answer difference", ""},
		{"isns remove 192.0.2.5", "removed", ""},
		{"version", "build", ""},
		{"portal remove --instance host 192.0.2.10", "removed", ""},
		{"target prune", "pruned", ""},
	} {
		r := l.discover(t.Context(), append(strings.Fields(tt.args), "-o", "jsonl")...)
		var got []string
		for _, line := range typesOf(t, r) {
			got = append(got, line.Type)
			if _, there := documented[line.Type]; !there {
				t.Errorf("%s: type %q is not in docs/reference/output.md", tt.args, line.Type)
			}
			documented[line.Type] = true
			if line.TypeBefore != tt.before {
				t.Errorf("%s: got the type before %q, want %q", tt.args, line.TypeBefore, tt.before)
			}
		}
		if !slices.Equal(slices.Compact(got), strings.Fields(tt.want)) {
			t.Errorf("%s: got types %q, want %q; %s", tt.args, got, tt.want, r.stderr)
		}
	}
	for _, kind := range []string{"fleet", "host", "fleet-scan", "forgotten-host"} { // of discover-fleet: see its TestRead, TestScan, TestForget
		if _, there := documented[kind]; !there {
			t.Errorf("docs/reference/output.md has no type %q", kind)
		}
		documented[kind] = true
	}
	for kind, seen := range documented {
		if !seen {
			t.Errorf("docs/reference/output.md has the type %q, which no line had", kind)
		}
	}
}
