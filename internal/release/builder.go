package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// A builder builds the archives of a release.
type builder struct {
	*release
	commit *commit
	tool   *goTool
	work   string             // a folder for what is built
	shared map[string]content // files of each archive, by path
}

// documents are the files of the repository that each archive has.
var documents = regexp.MustCompile(`^([A-Z]+\.md|LICENSE|docs/.*|examples/.*)$`)

// completions are the names of the files with which shells complete, by shell.
var completions = map[string]string{"bash": "discover.bash", "zsh": "_discover", "fish": "discover.fish", "powershell": "discover.ps1"}

// common collects the files that each archive has: documents, and what discover prints of
// itself.
func (b *builder) common(ctx context.Context) error {
	b.shared = make(map[string]content)
	files, err := output(ctx, b.env, b.tool.source, "git", "ls-files", "-z")
	if err != nil {
		return err
	}
	for path := range strings.SplitSeq(files, "\x00") {
		if !documents.MatchString(path) || strings.HasSuffix(path, ".go") && strings.HasPrefix(path, "docs/") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(b.tool.source, filepath.FromSlash(path)))
		if err != nil {
			return err
		}
		b.shared[path] = content{data: data}
	}
	return b.printed(ctx)
}

// printed collects what the commands print of themselves: scripts with which shells
// complete, and man pages. The commands are built for this system, to be run.
func (b *builder) printed(ctx context.Context) error {
	commands := make(map[string]string) // files
	for _, name := range allCommands {
		if name != "discover" && !slices.Contains(b.commands, name) {
			continue
		}
		path, err := b.binary(ctx, runtime.GOOS, runtime.GOARCH, name)
		if err != nil {
			return err
		}
		commands[name] = path
	}
	for shell, name := range completions {
		if err := b.print(ctx, "completions/"+name, commands["discover"], "completion", shell); err != nil {
			return err
		}
	}
	if discoverd, ok := commands["discoverd"]; ok {
		if err := b.print(ctx, "man/discoverd.8", discoverd, "man"); err != nil {
			return err
		}
	}
	pages := filepath.Join(b.work, "man")
	if err := os.Mkdir(pages, 0o755); err != nil {
		return err
	}
	if _, err := output(ctx, noEnvironment, b.work, commands["discover"], "man", "--dir", pages); err != nil {
		return err
	}
	if fleet, ok := commands["discover-fleet"]; ok { // whose page of the verb itself is the longer one
		if _, err := output(ctx, noEnvironment, b.work, fleet, "man", "--dir", pages); err != nil {
			return err
		}
	}
	files, err := os.ReadDir(pages)
	if err != nil {
		return err
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(pages, f.Name()))
		if err != nil {
			return err
		}
		b.shared["man/"+f.Name()] = content{data: data}
	}
	return nil
}

// noEnvironment is the environment of commands whose text becomes part of a release.
var noEnvironment = []string{}

// print adds what a command prints.
func (b *builder) print(ctx context.Context, path, command string, args ...string) error {
	text, err := output(ctx, noEnvironment, b.work, command, args...)
	if err != nil {
		return err
	}
	b.shared[path] = content{data: []byte(text + "\n")}
	return nil
}

// pair builds the archive of a system, and its bill of materials, and adds them to the
// sums.
func (b *builder) pair(ctx context.Context, pair string, s *sums) error {
	goos, goarch, _ := strings.Cut(pair, "/")
	commands, err := b.build(ctx, goos, goarch)
	if err != nil {
		return err
	}
	modules, err := b.tool.modules(ctx, goos, goarch, b.commands)
	if err != nil {
		return err
	}
	licences, err := readLicences(modules, b.tool.root)
	if err != nil {
		return err
	}
	name := archiveName(b.version, pair)
	a := archive{folder: name, time: b.commit.time}
	for _, c := range commands {
		if err := a.add(c.file, content{data: c.data, program: true}); err != nil {
			return err
		}
	}
	for _, more := range []map[string]content{b.shared, licences.files} {
		for path, c := range more {
			if err := a.add(path, c); err != nil {
				return err
			}
		}
	}
	data, extension, err := a.pack(goos)
	if err != nil {
		return err
	}
	m := materials{name: name, archive: name + extension, data: data, commands: commands, licences: licences, commit: b.commit}
	bill, err := m.document()
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{m.archive, data}, {name + ".spdx.json", bill}} {
		if err := b.write(f.name, f.data); err != nil {
			return err
		}
		s.add(f.name, f.data)
	}
	return nil
}

// A built is a command that was built.
type built struct {
	name string // discover
	file string // its name in the archive
	data []byte
	info *buildinfo.BuildInfo
}

// build builds the commands for a system.
func (b *builder) build(ctx context.Context, goos, goarch string) (all []built, err error) {
	for _, name := range b.commands {
		path, err := b.binary(ctx, goos, goarch, name)
		if err != nil {
			return nil, err
		}
		c := built{name: name, file: filepath.Base(path)}
		if c.data, err = os.ReadFile(path); err != nil {
			return nil, err
		}
		if c.info, err = buildinfo.Read(bytes.NewReader(c.data)); err != nil {
			return nil, err
		}
		if err := b.checkBuild(c.info); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// binary returns the path of a command for a system, and builds it the first time.
func (b *builder) binary(ctx context.Context, goos, goarch, command string) (string, error) {
	path := filepath.Join(b.work, goos+"-"+goarch, command)
	if goos == "windows" {
		path += ".exe"
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, b.tool.build(ctx, goos, goarch, command, path)
}

// checkBuild checks that a binary says what it was built from: so "discover version" and
// the archive's name are the same, and the commit can be found again. The first binary of
// a snapshot gives the snapshot its version.
func (b *builder) checkBuild(info *buildinfo.BuildInfo) error {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if got := settings["vcs.revision"]; got != b.commit.hash {
		return fmt.Errorf("the binary has the commit %q, want %s", got, b.commit.hash)
	}
	if settings["vcs.modified"] != "false" {
		return errors.New("the files that were built are not those of the commit")
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			return fmt.Errorf("go.mod replaces %s, and a release has no replaced modules", m.Path)
		}
	}
	if b.version == "" {
		b.version = info.Main.Version
		if err := b.checkFolder(); err != nil {
			return err
		}
	}
	if info.Main.Version != b.version {
		return fmt.Errorf("the binary has the version %q, want %s", info.Main.Version, b.version)
	}
	return nil
}
