package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// toolchain is the version of Go that releases are built with. It is part of the commit,
// since another version makes other bytes of the same source.
const toolchain = "go1.26.8"

var (
	allCommands = []string{"discover", "discover-fleet", "discoverd"}
	allPairs    = []string{
		"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64",
		"windows/amd64", "windows/arm64", "freebsd/amd64", "freebsd/arm64",
	}
)

// workPrefix begins the name of the folder in which a release is built.
const workPrefix = "discovery-release-"

// A release says what is built, and how.
type release struct {
	version  string // a tag of the commit; empty: its only one, or that of a snapshot
	folder   string // where the files go; empty: dist/VERSION
	snapshot bool   // the commit has no tag
	anyGo    bool   // versions of Go other than toolchain may build
	commands []string
	pairs    []string

	stdout io.Writer
	env    []string // of the programs that are run
}

// build builds the release in a clone of the repository, and writes its files.
// SHA256SUMS is written last: a folder without it is not complete.
func (r *release) build(ctx context.Context) error {
	c, err := readCommit(ctx, r.env, ".")
	if err != nil {
		return err
	}
	if err := r.chooseVersion(c); err != nil {
		return err
	}
	g, err := findGo(ctx, r.env)
	if err != nil {
		return err
	}
	if g.version != toolchain && !r.anyGo {
		return fmt.Errorf("this is %s, and the release is built with %s: run GOTOOLCHAIN=%s scripts/release, or give --any-go", g.version, toolchain, toolchain)
	}
	if err := r.checkFolder(); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", workPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	g.source = filepath.Join(work, "source")
	if err := c.clone(ctx, r.env, g.source); err != nil {
		return err
	}
	b := builder{release: r, commit: c, tool: g, work: work}
	if err := b.common(ctx); err != nil {
		return err
	}
	var sums sums
	for _, pair := range r.pairs {
		if err := b.pair(ctx, pair, &sums); err != nil {
			return fmt.Errorf("%s: %w", pair, err)
		}
	}
	return r.write("SHA256SUMS", sums.text())
}

// chooseVersion decides which tag of the commit the release has; none for a snapshot.
func (r *release) chooseVersion(c *commit) error {
	switch {
	case r.snapshot && len(c.tags) > 0:
		return fmt.Errorf("the commit has the tag %s: leave out --snapshot", c.tags[0])
	case r.snapshot:
		return nil
	case len(c.tags) == 0:
		return fmt.Errorf("commit %.12s has no tag with a version: tag it (git tag -a v1.2.3), or give --snapshot", c.hash)
	case r.version == "" && len(c.tags) > 1:
		return fmt.Errorf("the commit has the tags %v: give the VERSION", c.tags)
	case r.version == "":
		r.version = c.tags[0]
		return nil
	}
	for _, tag := range c.tags {
		if tag == r.version {
			return nil
		}
	}
	return fmt.Errorf("the commit has no tag %s, it has %v: check out the tag first", r.version, c.tags)
}

// checkFolder refuses a folder that has files in it: they would look like a part of the
// release. The name of a snapshot's folder is not known before it is built.
func (r *release) checkFolder() error {
	if r.folder == "" {
		if r.version == "" {
			return nil
		}
		r.folder = filepath.Join("dist", r.version)
	}
	files, err := os.ReadDir(r.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(files) > 0:
		return fmt.Errorf("%s is not empty: name another folder, or empty it", r.folder)
	}
	return nil
}

// write writes a file of the release.
func (r *release) write(name string, data []byte) error {
	if err := os.MkdirAll(r.folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(r.folder, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return err
	}
	fmt.Fprintln(r.stdout, path)
	return nil
}
