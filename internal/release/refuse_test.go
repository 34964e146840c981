package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// gitEnv is an environment in which git has no settings of this machine and an author.
func gitEnv() []string {
	return append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2026-11-30T10:20:31+0200",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=2026-11-30T10:20:31+0200")
}

// git runs git in a folder.
func git(t *testing.T, folder string, args ...string) {
	t.Helper()
	cmd := exec.Command(need.Program(t, "git"), args...)
	cmd.Dir, cmd.Env = folder, gitEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestRefuse: what is no release is not built, and the error says what to do.
func TestRefuse(t *testing.T) {
	// No t.Parallel: the repository is the working directory.
	repository := t.TempDir()
	git(t, repository, "init", "--quiet")
	if err := os.WriteFile(filepath.Join(repository, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, repository, "add", ".")
	git(t, repository, "commit", "--quiet", "-m", "first")
	t.Chdir(repository)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "old"), nil, 0o600); err != nil {
		t.Fatal(err)
	}

	// In order: each begins where the one before ends.
	for _, tt := range []struct {
		name   string
		before func()
		args   []string
		status int
		want   string
	}{
		{"no tag", nil, nil, 1, "has no tag with a version: tag it (git tag -a v1.2.3), or give --snapshot"},
		{"a tag that is no version", func() { git(t, ".", "tag", "v1.2") }, nil, 1, "has no tag with a version"},
		{"a version that needs another module path", func() { git(t, ".", "tag", "v2.0.0") }, nil, 1, "has no tag with a version"},
		{"another tag", func() { git(t, ".", "tag", "v1.2.3") }, []string{"v1.2.4"}, 1, "the commit has no tag v1.2.4, it has [v1.2.3]: check out the tag first"},
		{"a snapshot of a release", nil, []string{"--snapshot"}, 1, "the commit has the tag v1.2.3: leave out --snapshot"},
		{"files of another release", nil, []string{"--any-go", "v1.2.3", full}, 1, "is not empty: name another folder, or empty it"},
		{"two tags", func() { git(t, ".", "tag", "v1.3.0-rc.1") }, nil, 1, "the commit has the tags [v1.2.3 v1.3.0-rc.1]: give the VERSION"},
		{"no version", nil, []string{"1.2.3"}, 2, `VERSION "1.2.3": want a tag such as v1.2.3`},
		{"three arguments", nil, []string{"v1.2.3", "a", "b"}, 2, "3 arguments, want VERSION and FOLDER at most"},
		{"a snapshot's version", nil, []string{"--snapshot", "v1.2.3", "a"}, 2, "leave out VERSION"},
		{"no pair", nil, []string{"--pair", "linux"}, 2, `--pair "linux": want GOOS/GOARCH, such as linux/amd64`},
		{"a pair twice", nil, []string{"--pair", "linux/amd64", "--pair", "linux/amd64"}, 2, "given twice"},
		{"no command", nil, []string{"--command", "iscsiadm"}, 2, `--command "iscsiadm": want discover, discover-fleet or discoverd`},
		{"no flag", nil, []string{"--snap"}, 2, "flag provided but not defined: -snap"},
		{"a file that git does not know", func() { _ = os.WriteFile("new", nil, 0o600) }, []string{"v1.2.3"}, 1, "there are changes that are not committed (?? new): commit or stash them"},
	} {
		if tt.before != nil {
			tt.before()
		}
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), tt.args, gitEnv(), &stdout, &stderr)
		if status != tt.status || !strings.Contains(stderr.String(), tt.want) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: got status %d and %q, want %d and one line with %q", tt.name, status, stderr.String(), tt.status, tt.want)
		}
		if stdout.Len() > 0 {
			t.Errorf("%s: got %q on standard output, want nothing", tt.name, stdout.String())
		}
	}
}

// TestRefuseGo: another version of Go makes other bytes, and is refused unless it was
// asked for.
func TestRefuseGo(t *testing.T) {
	// No t.Parallel: the repository is the working directory.
	need.Linux(t) // the other Go is a shell script
	repository := t.TempDir()
	git(t, repository, "init", "--quiet")
	git(t, repository, "commit", "--quiet", "--allow-empty", "-m", "first")
	t.Chdir(repository)
	folder := t.TempDir()
	script := "#!/bin/sh\necho '{\"GOVERSION\":\"go1.26.99\"}'\n"
	if err := os.WriteFile(filepath.Join(folder, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+need.StandardTools())
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"--snapshot"}, gitEnv(), &stdout, &stderr)
	want := "this is go1.26.99, and the release is built with " + toolchain + ": run GOTOOLCHAIN=" + toolchain + " scripts/release, or give --any-go"
	if status != 1 || !strings.Contains(stderr.String(), want) {
		t.Errorf("got status %d and %q, want 1 and %q", status, stderr.String(), want)
	}
}
