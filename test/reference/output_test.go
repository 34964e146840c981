package reference

import (
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const outputPage = "docs/reference/output.md"

// An item is a section of the page, and where its fields are in the code.
type item struct {
	section string
	structs []string
	written []string // functions and constants that write fields by hand
	more    []string // fields of structs within functions
}

// items are all of the page.
var items = []item{
	{section: "result", structs: []string{"Result"}, more: []string{"targets_found"}},
	{section: "error", structs: []string{"resultError"}},
	{section: "target", written: []string{"target"}},
	{section: "address", written: []string{"AddressBegin", "AppendAddressEnd"}},
	{section: "warning", structs: []string{"Warning"}},
	{section: "redirect", structs: []string{"redirect"}},
	{section: "iSNS server", structs: []string{"isnsServer"}},
	{section: "iSNS answer", structs: []string{"JSONAnswer"}},
	{section: "iSNS error", structs: []string{"jsonISNSError"}},
	{section: "iSNS target", structs: []string{"jsonNode"}, more: []string{"server"}},
	{section: "iSNS portal", structs: []string{"jsonISNSPortal"}},
	{section: "discovery domain", structs: []string{"jsonDomain"}},
	{section: "difference", structs: []string{"Difference"}},
	{section: "ipsec", structs: []string{"protection"}},
	{section: "proof", structs: []string{"proof"}},
	{section: "auth", structs: []string{"authentication"}},
	{section: "phases", structs: []string{"phases"}},
	{section: "block", structs: []string{"Block"}},
	{section: "stored portal", structs: []string{"portal", "PortalDetail", "PortalChange"}},
	{section: "login options", structs: []string{"loginOptions"}},
	{section: "IPsec options", structs: []string{"ipsecOptions"}},
	{section: "last result", structs: []string{"LastState"}},
	{section: "known target", structs: []string{"Target"}},
	{section: "mechanism", structs: []string{"mechanism"}},
	{section: "key of an entry", structs: []string{"Key"}},
	{section: "pruned", structs: []string{"jsonPruned"}},
	{section: "removed", structs: []string{"JSONName", "jsonSelector", "jsonID", "jsonDestination", "jsonRemoved"}},
	{section: "path", structs: []string{"JSONPath"}},
	{section: "link", structs: []string{"JSONLink"}},
	{section: "port", structs: []string{"port"}},
	{section: "instance", structs: []string{"jsonInstance"}},
	{section: "policy", structs: []string{"jsonPolicy"}},
	{section: "key", structs: []string{"jsonPSK"}},
	{section: "tunnel", structs: []string{"jsonTunnel"}},
	{section: "default", structs: []string{"jsonDefault"}},
	{section: "explanation", structs: []string{"explanation"}},
	{section: "leftover", structs: []string{"jsonLeftover"}},
	{section: "initiator", structs: []string{"jsonInitiator"}},
	{section: "check", structs: []string{"jsonCheck"}},
	{section: "registry", structs: []string{"jsonPlace"}},
	{section: "rekeyed", structs: []string{"jsonRekeyed"}},
	{section: "build", structs: []string{"jsonBuild"}},
	{section: "event", structs: []string{"event"}},
	{section: "fleet", structs: []string{"JSONFleetHead"}},
	{section: "host of a fleet", structs: []string{"JSONFleetHost"}},
	{section: "port of a host", structs: []string{"JSONFleetPort"}},
	{section: "portal of a fleet", structs: []string{"JSONFleetPortal"}},
	{section: "group of paths", structs: []string{"JSONFleetGroup"}},
	{section: "path of a host", structs: []string{"JSONFleetPath"}},
	{section: "target of a fleet", structs: []string{"JSONFleetTarget"}},
	{section: "difference in a fleet", structs: []string{"JSONFleetDifference"}},
	{section: "stage of failures", structs: []string{"JSONFleetStage"}},
	{section: "event of a fleet", structs: []string{"JSONFleetEvent"}},
	{section: "finding of a shared scan", structs: []string{"JSONFinding"}},
	{section: "error of a finding", structs: []string{"JSONFindingError"}},
	{section: "ipsec of a finding", structs: []string{"JSONFindingIPsec"}},
	{section: "target of a finding", structs: []string{"JSONFoundTarget"}},
	{section: "address of a finding", structs: []string{"JSONTargetAddress"}},
	{section: "shared scan", structs: []string{"jsonScan"}},
	{section: "host of a shared scan", structs: []string{"jsonScanHost"}},
	{section: "host taken out of a shared scan", structs: []string{"jsonRefusedHost"}},
	{section: "shared scan that runs", structs: []string{"JSONFleetScan"}},
	{section: "wanted portal", structs: []string{"jsonFleetPortal"}},
	{section: "wanted policy", structs: []string{"jsonFleetPolicy"}},
	{section: "login template", structs: []string{"jsonFleetLogin"}},
	{section: "forgotten host", structs: []string{"jsonFleetForgotten"}},
	{section: "removed from a fleet", structs: []string{"jsonFleetRemoved"}},
}

// sometimes are fields that only some verbs print, although their structs always have
// them.
var sometimes = []string{"stored portal.targets", "stored portal.before", "removed.name", "removed.selector", "removed.id", "removed.destination", "removed.server"}

// notPrinted are structs with names in JSON that are stored, or go to another process of ours
// (cmd/internal/registrypipe), and are not printed.
var notPrinted = []string{"sealing", "request", "answer", "change", "record", "failure"}

// TestOutputFields (issue 20): docs/reference/output.md has each field of each JSON object
// that is printed, and no other, with its type and whether it is always there.
func TestOutputFields(t *testing.T) {
	t.Parallel()
	code := sourceOf(t, "cmd/discover", "cmd/discover-fleet", "cmd/internal")
	all, used := structs(t, code), make(map[string]bool)
	_, page, _ := strings.Cut(readPage(t, outputPage), "\n## Items\n")
	for _, it := range items {
		got := fieldsOfSection(t, page, it.section)
		want := make(map[string]field)
		for _, name := range it.structs {
			addFields(t, all, name, want, used)
		}
		for key, f := range want {
			compareField(t, it.section+"."+key, got, key, f)
		}
		for _, key := range append(keysWritten(code, it.written), it.more...) {
			want[key] = field{}
			if _, there := got[key]; !there {
				t.Errorf("%s: the field %q is not on the page", it.section, key)
			}
		}
		for key := range got {
			if _, there := want[key]; !there {
				t.Errorf("%s: the page has the field %q, which is not printed", it.section, key)
			}
		}
	}
	for name := range all {
		if !used[name] && !slices.Contains(notPrinted, name) {
			t.Errorf("the struct %s is of no section of the page", name)
		}
	}
	for _, head := range regexp.MustCompile(`(?m)^### (.+)$`).FindAllStringSubmatch(page, -1) {
		if !slices.ContainsFunc(items, func(it item) bool { return it.section == head[1] }) {
			t.Errorf("the section %q is of no struct", head[1])
		}
	}
}

// compareField compares a field of the code with the one of the page.
func compareField(t *testing.T, name string, page map[string]field, key string, want field) {
	t.Helper()
	got, there := page[key]
	switch {
	case !there:
		t.Errorf("%s is not on the page", name)
		return
	case got.kind != want.kind:
		t.Errorf("%s: the page has the type %q, the code %q", name, got.kind, want.kind)
	case slices.Contains(sometimes, name):
		return
	case got.always != want.always:
		t.Errorf("%s: always there is %v on the page, and %v in the code", name, got.always, want.always)
	}
	if got.null != want.null {
		t.Errorf("%s: null is %v on the page, and %v in the code", name, got.null, want.null)
	}
}

// fieldsOfSection reads the table of a section.
func fieldsOfSection(t *testing.T, page, section string) map[string]field {
	t.Helper()
	_, text, ok := strings.Cut(page, "\n### "+section+"\n")
	if !ok {
		t.Errorf("the page has no section %q", section)
	}
	text, _, _ = strings.Cut(text, "\n### ")
	keys := regexp.MustCompile("`([a-z0-9_]+)`")
	all := make(map[string]field)
	for line := range strings.Lines(text) {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| `") || len(cells) < 4 {
			continue
		}
		kind, null, _ := strings.Cut(cells[1], " or ")
		for _, key := range keys.FindAllStringSubmatch(cells[0], -1) {
			if _, twice := all[key[1]]; twice {
				t.Errorf("%s: the page has %q twice", section, key[1])
			}
			all[key[1]] = field{kind, null == "null", cells[2] == "always"}
		}
	}
	return all
}

// keysWritten are the names of fields within the literals of functions and constants.
func keysWritten(s *source, names []string) []string {
	keys := make(map[string]bool)
	key := regexp.MustCompile(`"([a-z_]+)":`)
	note := func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok {
			for _, m := range key.FindAllStringSubmatch(lit.Value, -1) {
				keys[m[1]] = true
			}
		}
		return true
	}
	for i, f := range s.files {
		if !strings.HasPrefix(s.paths[i], "cmd/internal/jsonitem/") && s.paths[i] != "cmd/internal/render/target_writer.go" {
			continue
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if slices.Contains(names, d.Name.Name) {
					ast.Inspect(d, note)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && slices.Contains(names, v.Names[0].Name) {
						ast.Inspect(v, note)
					}
				}
			}
		}
	}
	return slices.Collect(maps.Keys(keys))
}
