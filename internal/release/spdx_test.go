package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// A bill is a bill of materials as a scanner reads it: by the names of the specification.
type bill struct {
	spdx
	named map[string]spdxPackage // by identifier
}

var (
	spdxID       = regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`)
	spdxCreator  = regexp.MustCompile(`^(Organization|Person|Tool): \S.*$`)
	spdxDownload = regexp.MustCompile(`^(NOASSERTION|https://\S+|git\+https://\S+@[0-9a-f]{40})$`)
	spdxPurl     = regexp.MustCompile(`^pkg:golang/[a-z0-9./_-]+@[A-Za-z0-9.-]+(%2B[a-z]+)?$`)
	spdxLicences = []string{noAssertion, "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause"}
)

// readBill reads a document and checks it by the rules of SPDX 2.3 for the fields that
// have to be there (sections 6, 7 and 11), and by those for the format of the others that
// we write.
func readBill(data []byte) (*bill, error) {
	b := bill{named: make(map[string]spdxPackage)}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&b.spdx); err != nil {
		return nil, err
	}
	switch {
	case b.Version != "SPDX-2.3", b.License != "CC0-1.0", b.SPDXID != "SPDXRef-DOCUMENT", b.Name == "":
		return nil, fmt.Errorf("the document is %q, %q, %q, %q", b.Version, b.License, b.SPDXID, b.Name)
	case !strings.HasPrefix(b.Namespace, "https://") || strings.ContainsAny(b.Namespace, "# "):
		return nil, fmt.Errorf("namespace %q", b.Namespace)
	case len(b.Creation.Creators) == 0:
		return nil, errors.New("no creator")
	}
	if _, err := time.Parse("2006-01-02T15:04:05Z", b.Creation.Created); err != nil {
		return nil, err
	}
	for _, c := range b.Creation.Creators {
		if !spdxCreator.MatchString(c) {
			return nil, fmt.Errorf("creator %q", c)
		}
	}
	for _, p := range b.Packages {
		if err := checkPackage(p); err != nil {
			return nil, fmt.Errorf("package %q: %w", p.Name, err)
		}
		if _, ok := b.named[p.SPDXID]; ok {
			return nil, fmt.Errorf("two packages are %s", p.SPDXID)
		}
		b.named[p.SPDXID] = p
	}
	return &b, b.checkRelationships()
}

func checkPackage(p spdxPackage) error {
	switch {
	case !spdxID.MatchString(p.SPDXID):
		return fmt.Errorf("identifier %q", p.SPDXID)
	case p.Name == "" || p.Version == "":
		return fmt.Errorf("name %q, version %q", p.Name, p.Version)
	case !spdxDownload.MatchString(p.Download):
		return fmt.Errorf("download location %q", p.Download)
	case p.Analyzed:
		return errors.New("files are analyzed, and none are listed")
	case !slices.Contains(spdxLicences, p.Declared) || p.Concluded != noAssertion:
		return fmt.Errorf("licence %q, %q", p.Declared, p.Concluded)
	case p.Supplier != noAssertion && !spdxCreator.MatchString(p.Supplier):
		return fmt.Errorf("supplier %q", p.Supplier)
	case !slices.Contains([]string{"APPLICATION", "ARCHIVE", "LIBRARY"}, p.Purpose):
		return fmt.Errorf("purpose %q", p.Purpose)
	case p.Purpose == "LIBRARY" && (len(p.References) == 0 || !spdxPurl.MatchString(p.References[0].Locator)):
		return fmt.Errorf("no package URL in %v", p.References)
	}
	for _, c := range p.Checksums {
		if c.Algorithm != "SHA256" || len(c.Value) != 64 {
			return fmt.Errorf("checksum %v", c)
		}
	}
	return nil
}

// checkRelationships: each is between elements that exist, the document describes one
// package, and none is left out.
func (b *bill) checkRelationships() error {
	known := func(id string) bool { return id == b.SPDXID || b.named[id].SPDXID == id }
	reached := make(map[string]bool)
	for _, r := range b.Relationships {
		if !known(r.Of) || !known(r.Related) || !slices.Contains([]string{"DESCRIBES", "CONTAINS", "DEPENDS_ON"}, r.Type) {
			return fmt.Errorf("relationship %v", r)
		}
		reached[r.Related] = true
	}
	for id := range b.named {
		if !reached[id] {
			return fmt.Errorf("no relationship leads to %s", id)
		}
	}
	return nil
}

// modules returns the modules that a command links, as "path version", sorted; the
// standard library is left out.
func (b *bill) modules(command string) (all []string) {
	for _, r := range b.Relationships {
		if p := b.named[r.Related]; r.Of == "SPDXRef-Command-"+command && p.Name != stdlib {
			all = append(all, p.Name+" "+p.Version)
		}
	}
	slices.Sort(all)
	return all
}

// someMaterials returns what an archive with two commands was made of.
func someMaterials() *materials {
	info := func(deps ...*debug.Module) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.8 X:nodwarf5", Main: debug.Module{Path: module, Version: "v1.2.3"}, Deps: deps}
	}
	cobra := &debug.Module{Path: "github.com/spf13/cobra", Version: "v1.10.2", Sum: "h1:abc="}
	toml := &debug.Module{Path: "github.com/BurntSushi/toml", Version: "v1.4.0+incompatible", Sum: "h1:def="}
	return &materials{
		name: "discovery-v1.2.3-linux-amd64", archive: "discovery-v1.2.3-linux-amd64.tar.gz", data: []byte("archive"),
		commands: []built{
			{name: "discover", file: "discover", data: []byte("1"), info: info(cobra)},
			{name: "discoverd", file: "discoverd", data: []byte("2"), info: info(cobra, toml)},
		},
		licences: &licences{declared: map[string]string{module: "MIT", cobra.Path: "Apache-2.0", toml.Path: "MIT", stdlib: "BSD-3-Clause"}},
		commit:   &commit{hash: strings.Repeat("a1", 20), time: time.Date(2026, 11, 30, 10, 20, 31, 0, time.UTC)},
	}
}

// TestDocument: a bill of materials has each command with what it links, once each.
func TestDocument(t *testing.T) {
	t.Parallel()
	data, err := someMaterials().document()
	if err != nil {
		t.Fatal(err)
	}
	b, err := readBill(data)
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string][]string{
		"discover":  {module + " v1.2.3", "github.com/spf13/cobra v1.10.2"},
		"discoverd": {"github.com/BurntSushi/toml v1.4.0+incompatible", module + " v1.2.3", "github.com/spf13/cobra v1.10.2"},
	} {
		if got := b.modules(command); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
	toml := b.named["SPDXRef-Module-github.com-BurntSushi-toml-v1.4.0-incompatible"]
	if got, want := toml.Download, "https://proxy.golang.org/github.com/!burnt!sushi/toml/@v/v1.4.0+incompatible.zip"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := toml.References[0].Locator, "pkg:golang/github.com/burntsushi/toml@v1.4.0%2Bincompatible"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := toml.Source, "go.sum: h1:def="; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	std := b.named["SPDXRef-Module-stdlib-1.26.8"]
	if got, want := std.References[0].Locator, "pkg:golang/stdlib@1.26.8"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := b.Creation.Created, "2026-11-30T10:20:31Z"; got != want {
		t.Errorf("created: got %s, want %s", got, want)
	}
}

// TestNamespace: equal documents have the same namespace, others have another.
func TestNamespace(t *testing.T) {
	t.Parallel()
	namespace := func(change func(*materials)) string {
		m := someMaterials()
		change(m)
		data, err := m.document()
		if err != nil {
			t.Fatal(err)
		}
		b, err := readBill(data)
		if err != nil {
			t.Fatal(err)
		}
		return b.Namespace
	}
	first := namespace(func(*materials) {})
	if got := namespace(func(*materials) {}); got != first {
		t.Errorf("got %s, want %s again", got, first)
	}
	if got := namespace(func(m *materials) { m.commands[0].data = []byte("other") }); got == first {
		t.Errorf("got %s for another binary as well", got)
	}
}

// TestReadBill: the check of documents finds what is wrong with one.
func TestReadBill(t *testing.T) {
	t.Parallel()
	data, err := someMaterials().document()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*spdx){
		"version":            func(d *spdx) { d.Version = "SPDX-2.2" },
		"namespace":          func(d *spdx) { d.Namespace = "x" },
		"time":               func(d *spdx) { d.Creation.Created = "2026-11-30T10:20:31+02:00" },
		"creator":            func(d *spdx) { d.Creation.Creators = nil },
		"identifier":         func(d *spdx) { d.Packages[0].SPDXID = "SPDXRef-a/b" },
		"the same twice":     func(d *spdx) { d.Packages[1].SPDXID = d.Packages[0].SPDXID },
		"download location":  func(d *spdx) { d.Packages[0].Download = "" },
		"licence":            func(d *spdx) { d.Packages[0].Declared = "" },
		"files":              func(d *spdx) { d.Packages[0].Analyzed = true },
		"package URL":        func(d *spdx) { d.Packages[3].References = nil },
		"a relation to none": func(d *spdx) { d.Relationships[0].Related = "SPDXRef-none" },
		"no relation":        func(d *spdx) { d.Relationships = d.Relationships[1:] },
	} {
		var d spdx
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatal(err)
		}
		change(&d)
		changed, err := d.json()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readBill(changed); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
