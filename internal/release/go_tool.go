package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
)

// module is the path of our module.
const module = "github.com/go-iscsi/discovery"

// A goTool is the Go that builds the release.
type goTool struct {
	version string // such as go1.26.8
	root    string // GOROOT
	source  string // folder in which it runs
	env     []string
}

// where are the settings that say where Go finds modules and keeps files. They change no
// byte of a binary, and are kept.
var where = []string{"GOAUTH", "GOCACHE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN", "GOVCS"}

// findGo returns the Go in PATH, with an environment in which no other setting of this
// machine has an influence: neither one of the environment nor one of "go env -w".
func findGo(ctx context.Context, env []string) (*goTool, error) {
	text, err := output(ctx, env, ".", "go", append([]string{"env", "-json", "GOVERSION", "GOROOT"}, where...)...)
	if err != nil {
		return nil, err
	}
	var settings map[string]string
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	g := &goTool{version: settings["GOVERSION"], root: settings["GOROOT"]}
	for _, setting := range env {
		if !strings.HasPrefix(setting, "GO") && !strings.HasPrefix(setting, "CGO_") {
			g.env = append(g.env, setting)
		}
	}
	for _, name := range where {
		g.env = append(g.env, name+"="+settings[name])
	}
	g.env = append(g.env, "GOENV=off", "GOWORK=off", "CGO_ENABLED=0")
	return g, nil
}

// build builds a command for a system. Symbols are kept: without them govulncheck cannot
// tell which functions a binary has.
func (g *goTool) build(ctx context.Context, goos, goarch, command, path string) error {
	_, err := output(ctx, g.of(goos, goarch), g.source, "go", "build", "-trimpath", "-buildvcs=true", "-o", path, "./cmd/"+command)
	return err
}

// A linked is a module that a command links.
type linked struct {
	path, version string
	folder        string   // of its files, in the module cache
	packages      []string // folders of the packages that are linked, relative to folder, with slashes
}

// modules returns the modules that the commands link on a system, ours included.
func (g *goTool) modules(ctx context.Context, goos, goarch string, commands []string) (map[string]linked, error) {
	args := []string{"list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{end}}{{.Dir}}"}
	for _, c := range commands {
		args = append(args, "./cmd/"+c)
	}
	text, err := output(ctx, g.of(goos, goarch), g.source, "go", args...)
	if err != nil {
		return nil, err
	}
	all := make(map[string]linked)
	for line := range strings.SplitSeq(text, "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) != 4 {
			continue // the standard library
		}
		sub, err := filepath.Rel(fields[2], fields[3])
		if err != nil {
			return nil, err
		}
		m := all[fields[0]]
		m.path, m.version, m.folder = fields[0], fields[1], fields[2]
		m.packages = append(m.packages, filepath.ToSlash(sub))
		all[m.path] = m
	}
	return all, nil
}

// of returns the environment in which Go builds for a system.
func (g *goTool) of(goos, goarch string) []string {
	return append(g.env[:len(g.env):len(g.env)], "GOOS="+goos, "GOARCH="+goarch)
}
