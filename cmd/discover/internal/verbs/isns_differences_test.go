package verbs

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// names returns a target with an address for each portal.
func names(name string, portals ...string) isnstest.Node {
	n := isnstest.Node{Name: name}
	for _, p := range portals {
		n.Access = append(n.Access, isnstest.Access{Portal: netip.MustParseAddrPort(p), Group: 1})
	}
	return n
}

// TestScanISNSDifferences: what was not seen whole is not told as a difference.
func TestScanISNSDifferences(t *testing.T) {
	t.Parallel()
	const (
		disk1, disk2, harmful = "iqn.2026-11.com.example:disk1", "iqn.2026-11.com.example:disk2", "../disk"
		a, b, link            = "192.0.2.10:3260", "192.0.2.11:3260", "[fe80::a]:3260"
	)
	lists := func(name string, addresses ...string) iscsitest.Record {
		return iscsitest.Record{Name: name, Addresses: addresses}
	}
	for _, tt := range []struct {
		name    string
		server  []isnstest.Node
		portals map[string][]iscsitest.Record
		args    []string
		status  int
		want    []string // kinds of differences
		head    string
	}{
		{name: "both agree", server: []isnstest.Node{names(disk1, a)}, portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1")}},
			head: "no differences from iSNS server 192.0.2.5:3205\n"},
		{name: "the server left something out", server: []isnstest.Node{names(disk1, a), names(harmful, a)},
			portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1", b+",1"), lists(disk2, a+",1")}},
			head:    "no differences from iSNS server 192.0.2.5:3205 (what it does not name is not compared: its answer is not complete)\n"},
		{name: "and does not name what there is not", server: []isnstest.Node{names(disk1, a), names(disk2, a), names(harmful, a)},
			portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1")}}, want: []string{"target-not-at-portal"}},
		{name: "another server failed", server: []isnstest.Node{names(disk1, a)}, args: []string{"--isns", "192.0.2.6"}, status: exit.Partly,
			portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1"), lists(disk2, a+",1")}},
			head:    "no differences from iSNS server 192.0.2.5:3205, 192.0.2.6:3205 (what they do not name is not compared: not all answers are complete)\n"},
		{name: "the portal left something out", server: []isnstest.Node{names(disk1, a, b)},
			portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1"), lists(disk2, a+",1"), lists(harmful, a+",1")}}, status: exit.Partly},
		{name: "a portal that is down has a host name", server: []isnstest.Node{names(disk1, a, b)}, status: exit.Partly,
			portals: map[string][]iscsitest.Record{a: {lists(disk1, "array-a.example.com:3260,1", "array-b.example.com:3260,1")}},
			head:    "no differences from iSNS server 192.0.2.5:3205 (1 portal not compared: without a complete answer)\n"},
		{name: "a portal that is down is not listed", server: []isnstest.Node{names(disk1, a, b)}, status: exit.Partly,
			portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1")}}, want: []string{"address-not-at-portal"}},
		{name: "addresses that cannot be used", server: []isnstest.Node{names(disk1, a, link, "127.0.0.1:3260")},
			portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1", link+",1", "127.0.0.1:3260,1")}},
			head:    "no differences from iSNS server 192.0.2.5:3205\n"},
		{name: "each port", server: []isnstest.Node{names(disk1, a)}, args: []string{"--initiator-port", "each"},
			portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1"), lists(disk2, a+",1")}}, want: []string{"target-not-at-server"}},
		{name: "a target of two portals", server: []isnstest.Node{names(disk1, a, b)},
			portals: map[string][]iscsitest.Record{a: {lists(disk1, a+",1", b+",1"), lists(disk2, a+",1")}, b: {lists(disk1, a+",1", b+",1"), lists(disk2, a+",1")}},
			want:    []string{"target-not-at-server", "target-not-at-server"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, format := range []string{"table", "jsonl"} {
					l := newLab(t)
					l.env["DISCOVER_REGISTRY"] = filepath.Join(t.TempDir(), "registry.db")
					l.isns(t, isnstest.Config{Database: isnstest.Database{Nodes: tt.server}})
					for at, records := range tt.portals {
						of := &iscsitest.Target{Records: records}
						l.Portal(at, of, of, of, of)
					}
					r := l.discover(t.Context(), append([]string{"scan", "--isns", "192.0.2.5", "-o", format}, tt.args...)...)
					if r.status != tt.status {
						t.Errorf("%s: got %+v, want status %d", format, r, tt.status)
					}
					if format == "table" {
						if !strings.Contains(r.stdout, tt.head) {
							t.Errorf("got %s, want %s", r.stdout, tt.head)
						}
						continue
					}
					var got []string
					for line := range strings.Lines(r.stdout) {
						if _, rest, ok := strings.Cut(line, `"type":"difference","kind":"`); ok {
							kind, _, _ := strings.Cut(rest, `"`)
							got = append(got, kind)
						}
					}
					if !slices.Equal(got, tt.want) {
						t.Errorf("got %q, want %q in %s", got, tt.want, r.stdout)
					}
				}
			})
		})
	}
}
