package main

import (
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// TestCheckBuild: a binary that was not built from the commit, as it is, is not released.
func TestCheckBuild(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a1", 20)
	for name, tt := range map[string]struct {
		change func(*debug.BuildInfo)
		want   string // of the error; empty: none
	}{
		"right":           {func(*debug.BuildInfo) {}, ""},
		"another commit":  {func(i *debug.BuildInfo) { i.Settings[0].Value = "b2" }, `the binary has the commit "b2", want ` + hash},
		"no commit":       {func(i *debug.BuildInfo) { i.Settings = i.Settings[1:] }, `the binary has the commit "", want ` + hash},
		"changed files":   {func(i *debug.BuildInfo) { i.Settings[1].Value = "true" }, "the files that were built are not those of the commit"},
		"unknown changes": {func(i *debug.BuildInfo) { i.Settings = i.Settings[:1] }, "the files that were built are not those of the commit"},
		"another version": {func(i *debug.BuildInfo) { i.Main.Version = "v1.2.4" }, `the binary has the version "v1.2.4", want v1.2.3`},
		"a replaced module": {func(i *debug.BuildInfo) {
			i.Deps = []*debug.Module{{Path: "example.com/a", Replace: &debug.Module{Path: "../a"}}}
		}, "go.mod replaces example.com/a, and a release has no replaced modules"},
	} {
		info := &debug.BuildInfo{
			Main:     debug.Module{Path: module, Version: "v1.2.3"},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: hash}, {Key: "vcs.modified", Value: "false"}},
		}
		tt.change(info)
		b := builder{release: &release{version: "v1.2.3"}, commit: &commit{hash: hash}}
		got := ""
		if err := b.checkBuild(info); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestReadLicences: the texts of a module go with it, those of folders above the packages
// that are linked as well, and a module without one is an error.
func TestReadLicences(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for path, text := range map[string]string{
		"go/LICENSE": "x", "ours/LICENSE": "x",
		"m/LICENSE": "x", "m/PATENTS": "x", "m/licenses.go": "package m", "m/NOTICE.txt": "x",
		"m/a/COPYING": "x", "m/a/b/code.go": "package b", "m/other/LICENSE": "x",
		"none/a/LICENSE": "x",
	} {
		path = filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(path, name string, packages ...string) linked {
		return linked{path: path, folder: filepath.Join(folder, name), packages: packages}
	}
	l, err := readLicences(map[string]linked{module: at(module, "ours"), "example.com/m": at("example.com/m", "m", "a/b")}, filepath.Join(folder, "go"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"licenses/example.com/m/LICENSE", "licenses/example.com/m/NOTICE.txt", "licenses/example.com/m/PATENTS", "licenses/example.com/m/a/COPYING", "licenses/go/LICENSE"}
	if got := slices.Sorted(maps.Keys(l.files)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := readLicences(map[string]linked{"example.com/none": at("example.com/none", "none", "a")}, filepath.Join(folder, "go")); err == nil || err.Error() != "module example.com/none has no file LICENSE" {
		t.Errorf("got %v, want an error about the module without LICENSE", err)
	}
}
