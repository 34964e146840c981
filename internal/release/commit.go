package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// versionTag is a tag that Go takes for a version of our module. From v2 on the path of
// the module would have to end with the number.
var versionTag = regexp.MustCompile(`^v[01]\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

// isVersion tells whether a tag is a version.
func isVersion(tag string) bool { return versionTag.MatchString(tag) }

// A commit is what a release is built from.
type commit struct {
	root string // of the repository
	hash string
	time time.Time // of the commit, in UTC: that of all files
	tags []string  // its tags that are versions of our module
}

// readCommit returns the commit that is checked out in a folder. Changes that are not
// committed are an error, as they would be in no release.
func readCommit(ctx context.Context, env []string, folder string) (*commit, error) {
	git := func(args ...string) (string, error) {
		return output(ctx, env, folder, "git", args...)
	}
	changes, err := git("status", "--porcelain")
	if err != nil {
		return nil, err
	}
	if changes != "" {
		first, _, _ := strings.Cut(changes, "\n")
		return nil, fmt.Errorf("there are changes that are not committed (%s): commit or stash them", strings.TrimSpace(first))
	}
	c := new(commit)
	if c.root, err = git("rev-parse", "--show-toplevel"); err != nil {
		return nil, err
	}
	if c.hash, err = git("rev-parse", "HEAD"); err != nil {
		return nil, err
	}
	seconds, err := git("show", "--no-patch", "--format=%ct", "HEAD")
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("time of commit %s: %w", c.hash, err)
	}
	c.time = time.Unix(n, 0).UTC()
	tags, err := git("tag", "--points-at", "HEAD")
	if err != nil {
		return nil, err
	}
	for _, tag := range strings.Fields(tags) {
		if isVersion(tag) {
			c.tags = append(c.tags, tag)
		}
	}
	return c, nil
}

// clone makes a clone of the repository, with the commit checked out. Files that git
// ignores, settings of this working tree and its path have no influence there; and Go
// finds the commit, which it does not in a linked working tree.
func (c *commit) clone(ctx context.Context, env []string, folder string) error {
	if _, err := output(ctx, env, c.root, "git", "clone", "--quiet", "--shared", "--no-checkout", c.root, folder); err != nil {
		return err
	}
	_, err := output(ctx, env, folder, "git", "-c", "core.autocrlf=false", "checkout", "--quiet", "--detach", c.hash)
	return err
}

// output runs a program in a folder, and returns what it prints, without the newline at
// the end. Its error has what it prints to standard error.
func output(ctx context.Context, env []string, folder, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	cmd.Env = env
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimRight(string(out), "\r\n"), nil
}
