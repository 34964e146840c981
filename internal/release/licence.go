package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// noAssertion is what SPDX has in the place of a fact that is not known.
const noAssertion = "NOASSERTION"

// A licences is what is known of the licences of all that is linked.
type licences struct {
	declared map[string]string  // SPDX identifier by module; that of Go by "stdlib"
	files    map[string]content // the texts, by path in an archive
}

// licenceFile is the name of a file that has to go with a copy.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// readLicences reads the licences of modules and of Go. The licences that most modules
// have ask for their text to go with each copy, so one without a text is an error.
func readLicences(modules map[string]linked, goroot string) (*licences, error) {
	l := &licences{declared: make(map[string]string), files: make(map[string]content)}
	for _, m := range modules {
		if m.path == module {
			if err := l.read(m, []string{"."}, ""); err != nil {
				return nil, err
			}
			continue
		}
		if err := l.read(m, m.packages, "licenses/"+m.path); err != nil {
			return nil, err
		}
	}
	return l, l.read(linked{path: stdlib, folder: goroot}, []string{"."}, "licenses/go")
}

// read reads the texts of a module: those of its folder, and those of folders between it
// and the packages that are linked. They go to a folder of the archive, if that has a
// name.
func (l *licences) read(m linked, packages []string, to string) error {
	seen := make(map[string]bool)
	for _, p := range packages {
		for ; !seen[p]; p = path.Dir(p) {
			seen[p] = true
			if err := l.readFolder(m, p, to); err != nil {
				return err
			}
		}
	}
	if l.declared[m.path] == "" {
		return fmt.Errorf("module %s has no file LICENSE", m.path)
	}
	return nil
}

// readFolder reads the texts of one folder of a module, which is "." for that of the
// module itself.
func (l *licences) readFolder(m linked, sub, to string) error {
	if m.folder == "" {
		return errors.New("the folder of module " + m.path + " is not known")
	}
	files, err := os.ReadDir(filepath.Join(m.folder, filepath.FromSlash(sub)))
	if err != nil {
		return err
	}
	for _, f := range files {
		if !f.Type().IsRegular() || !licenceFile.MatchString(f.Name()) || strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(m.folder, filepath.FromSlash(sub), f.Name()))
		if err != nil {
			return err
		}
		if to != "" {
			l.files[path.Join(to, sub, f.Name())] = content{data: data}
		}
		if sub == "." && isMain(f.Name()) {
			l.declared[m.path] = identify(string(data))
		}
	}
	return nil
}

// isMain tells whether a file has the licence of the whole module: other files have those
// of parts of it.
func isMain(name string) bool {
	name = strings.ToUpper(strings.TrimSuffix(strings.TrimSuffix(name, ".txt"), ".md"))
	return name == "LICENSE" || name == "LICENCE" || name == "COPYING"
}

// identify returns the SPDX identifier of a text, or noAssertion for one that is unknown
// or that is more than one licence.
func identify(text string) string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(part string) bool { return strings.Contains(text, part) }
	var found []string
	if has("apache license version 2.0, january 2004") && has("terms and conditions for use, reproduction, and distribution") {
		found = append(found, "Apache-2.0")
	}
	if has("permission is hereby granted, free of charge, to any person obtaining a copy of this software") && has("the above copyright notice and this permission notice") {
		found = append(found, "MIT")
	}
	if has("redistribution and use in source and binary forms, with or without modification, are permitted") {
		switch {
		case has("all advertising materials"):
			return noAssertion
		case has("neither the name") && has("endorse or promote products"):
			found = append(found, "BSD-3-Clause")
		case has("endorse or promote"):
			return noAssertion
		default:
			found = append(found, "BSD-2-Clause")
		}
	}
	if len(found) != 1 {
		return noAssertion
	}
	return found[0]
}
