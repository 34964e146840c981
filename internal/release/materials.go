package main

import (
	"fmt"
	"maps"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"
)

// stdlib is the name of Go's standard library in bills of materials and in the database
// of Go's vulnerabilities.
const stdlib = "stdlib"

// ours is the supplier of the archives, the commands and their module.
const ours = "Organization: The go-iscsi authors"

// materials is what an archive was made of.
type materials struct {
	name     string // of the archive, without extension
	archive  string // file
	data     []byte // of the archive
	commands []built
	licences *licences
	commit   *commit
}

// document returns the bill of materials: the archive, the commands in it, and the
// modules that each of them links, as the binaries say themselves.
func (m *materials) document() ([]byte, error) {
	const archiveID = "SPDXRef-Archive"
	d := newSPDX(m.name, m.commit.time.Format(time.RFC3339))
	main := m.commands[0].info.Main
	d.add(spdxPackage{
		SPDXID: archiveID, Name: m.archive, Version: main.Version, FileName: m.archive,
		Purpose: "ARCHIVE", Checksums: []spdxChecksum{{"SHA256", digest(m.data)}},
		Supplier: ours, Download: noAssertion, Concluded: noAssertion, Declared: noAssertion, Copyright: noAssertion,
	})
	d.relate(spdxDocumentID, "DESCRIBES", archiveID)

	packages := make(map[string]spdxPackage) // by identifier
	for _, c := range m.commands {
		id := "SPDXRef-Command-" + c.name
		d.add(spdxPackage{
			SPDXID: id, Name: c.name, Version: c.info.Main.Version, FileName: c.file,
			Purpose: "APPLICATION", Checksums: []spdxChecksum{{"SHA256", digest(c.data)}},
			Supplier: ours, Download: noAssertion, Concluded: noAssertion, Declared: m.licences.declared[module], Copyright: noAssertion,
		})
		d.relate(archiveID, "CONTAINS", id)
		for _, p := range m.linkedBy(c) {
			if other, ok := packages[p.SPDXID]; ok && other.Name != p.Name {
				return nil, fmt.Errorf("%s and %s have the same identifier %s", other.Name, p.Name, p.SPDXID)
			}
			packages[p.SPDXID] = p
			d.relate(id, "DEPENDS_ON", p.SPDXID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(packages)) {
		d.add(packages[id])
	}
	return d.encode()
}

// linkedBy returns our module, the modules of others and the standard library that a
// command links.
func (m *materials) linkedBy(c built) []spdxPackage {
	own := m.module(&c.info.Main)
	own.Supplier = ours
	own.Download = "git+https://" + module + "@" + m.commit.hash
	all := []spdxPackage{own}
	for _, dep := range c.info.Deps {
		all = append(all, m.module(dep))
	}
	version := strings.TrimPrefix(c.info.GoVersion, "go")
	number, _, _ := strings.Cut(version, " ") // Go has the experiments behind the number
	std := m.module(&debug.Module{Path: stdlib, Version: number})
	std.Download = "https://go.dev/dl/go" + number + ".src.tar.gz"
	std.Comment = "Go's standard library and runtime; Go " + version
	std.References = append(std.References, spdxReference{"SECURITY", "cpe23Type", "cpe:2.3:a:golang:go:" + number + ":-:*:*:*:*:*:*"})
	return append(all, std)
}

// notID is what an SPDX identifier cannot have in it.
var notID = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// module returns the package of a module.
func (m *materials) module(mod *debug.Module) spdxPackage {
	p := spdxPackage{
		SPDXID:     "SPDXRef-Module-" + notID.ReplaceAllString(mod.Path+"-"+mod.Version, "-"),
		Name:       mod.Path,
		Version:    mod.Version,
		Purpose:    "LIBRARY",
		Supplier:   noAssertion,
		Download:   "https://proxy.golang.org/" + proxyPath(mod.Path) + "/@v/" + proxyPath(mod.Version) + ".zip",
		Concluded:  noAssertion,
		Declared:   m.licences.declared[mod.Path],
		Copyright:  noAssertion,
		References: []spdxReference{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + strings.ToLower(mod.Path) + "@" + strings.ReplaceAll(mod.Version, "+", "%2B")}},
	}
	if mod.Sum != "" {
		p.Source = "go.sum: " + mod.Sum
	}
	return p
}

// proxyPath returns a path or a version as it is in the address of a module proxy: an
// exclamation mark and a small letter in the place of a capital.
func proxyPath(path string) string {
	var b strings.Builder
	for _, r := range path {
		if unicode.IsUpper(r) {
			b.WriteByte('!')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
