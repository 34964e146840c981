package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// version is the tag of the repository that TestReproducible makes.
const version = "v1.98.7"

// TestReproducible runs scripts/release, as a user does, in a repository that has the
// files of this one, and builds the same again from a clone in another folder, with an
// empty build cache and with other settings of the environment: each file is the same,
// byte by byte. Only one command is built, for one system: all of them take minutes.
func TestReproducible(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the command twice, once with an empty build cache")
	}
	need.Linux(t)
	bash := need.Program(t, "bash")
	first, second := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "other", "folder")
	copyRepository(t, first)
	git(t, first, "clone", "--quiet", first, second)

	pair := "linux/" + runtime.GOARCH
	args := []string{"--any-go", "--command", "discover", "--pair", pair, version, "out"}
	here := t.TempDir()
	cmd := exec.Command(bash, append([]string{filepath.Join(first, "scripts", "release")}, args...)...)
	cmd.Dir, cmd.Env = here, gitEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("scripts/release: %v\n%s", err, out)
	}
	files := readFolder(t, filepath.Join(here, "out"))
	name := "discovery-" + version + "-linux-" + runtime.GOARCH
	want := []string{"SHA256SUMS", name + ".spdx.json", name + ".tar.gz"}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Fatalf("got files %q, want %q", got, want)
	}

	// Built without the race detector, which compresses slowly.
	program := filepath.Join(t.TempDir(), "release")
	if _, err := output(t.Context(), os.Environ(), ".", "go", "build", "-o", program, "."); err != nil {
		t.Fatal(err)
	}
	env := append(gitEnv(), "GOCACHE="+t.TempDir(), "GOFLAGS=-tags=netgo -ldflags=-s", "GOAMD64=v3", "GOEXPERIMENT=nodwarf5", "LANG=de_DE.UTF-8", "TZ=Asia/Tokyo", "HOME="+t.TempDir())
	if _, err := output(t.Context(), env, second, program, args...); err != nil {
		t.Fatal(err)
	}
	again := readFolder(t, filepath.Join(second, "out"))
	for _, file := range want {
		if !bytes.Equal(files[file], again[file]) {
			t.Errorf("%s: the second build has other bytes (%d, the first has %d)", file, len(again[file]), len(files[file]))
		}
	}
	t.Run("archive", func(t *testing.T) { checkArchive(t, name, pair, files[name+".tar.gz"]) })
	t.Run("bill", func(t *testing.T) { checkBill(t, first, files[name+".spdx.json"]) })
	t.Run("sums", func(t *testing.T) {
		want := fmt.Sprintf("%s  %s\n%s  %s\n", digest(files[name+".spdx.json"]), name+".spdx.json", digest(files[name+".tar.gz"]), name+".tar.gz")
		if got := string(files["SHA256SUMS"]); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// copyRepository makes a repository of one commit, with a tag, that has the files of this
// one: those that git knows, and those that it would, as they are now.
func copyRepository(t *testing.T, folder string) {
	t.Helper()
	root := filepath.Join("..", "..")
	out, err := output(t.Context(), os.Environ(), root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		need.Missing(t, "a clone of the repository", err.Error())
	}
	for path := range strings.SplitSeq(strings.TrimRight(out, "\x00"), "\x00") {
		from, to := filepath.Join(root, path), filepath.Join(folder, path)
		info, err := os.Stat(from)
		if errors.Is(err, os.ErrNotExist) {
			continue // was removed, and git was not told
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	git(t, folder, "init", "--quiet")
	git(t, folder, "add", "--all")
	git(t, folder, "commit", "--quiet", "-m", "files")
	git(t, folder, "tag", version)
}

// readFolder returns the files of a folder.
func readFolder(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// checkArchive unpacks the archive: it has what a user needs, no path of this machine,
// and a command that says the version of the tag.
func checkArchive(t *testing.T, name, pair string, data []byte) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		path, ok := strings.CutPrefix(h.Name, name+"/")
		if !ok {
			t.Errorf("%s is not in the folder %s", h.Name, name)
		}
		if files[path], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{
		"LICENSE", "README.md", "SECURITY.md", "docs/reference/command.md", "docs/security.md", "examples/systemd/discoverd.service",
		"completions/discover.bash", "completions/_discover", "completions/discover.fish", "completions/discover.ps1",
		"man/discover.1", "man/discover-scan.1", "man/discover-systemd.7",
		"licenses/go/LICENSE", "licenses/github.com/spf13/cobra/LICENSE.txt", "licenses/modernc.org/sqlite/LICENSE",
	} {
		if len(files[path]) == 0 {
			t.Errorf("the archive has no %s", path)
		}
	}
	for _, path := range []string{"discoverd", "go.mod", "docs/pages.go"} {
		if _, ok := files[path]; ok {
			t.Errorf("the archive has %s, want none", path)
		}
	}
	cache, err := output(t.Context(), os.Environ(), ".", "go", "env", "GOMODCACHE")
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{workPrefix, cache} {
		if bytes.Contains(files["discover"], []byte(place)) {
			t.Errorf("the command has the path %s of this machine", place)
		}
	}

	path := filepath.Join(t.TempDir(), "discover")
	if err := os.WriteFile(path, files["discover"], 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := output(t.Context(), noEnvironment, ".", path, "version")
	if want := "discover " + version + " go"; err != nil || !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " "+pair) {
		t.Errorf("got %q, %v, want %q… %s", got, err, want, pair)
	}
}

// checkBill compares the bill of materials with what Go says that the command needs.
func checkBill(t *testing.T, repository string, data []byte) {
	b, err := readBill(data)
	if err != nil {
		t.Fatal(err)
	}
	got := b.modules("discover")
	env := append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=", "GOWORK=off")
	out, err := output(t.Context(), env, repository, "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "./cmd/discover")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.SplitSeq(out, "\n") {
		switch line = strings.TrimSpace(line); line {
		case "":
		case module:
			want = append(want, module+" "+version)
		default:
			want = append(want, line)
		}
	}
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(got, want) {
		t.Errorf("got modules\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	licences := map[string]string{"github.com/spf13/cobra": "Apache-2.0", "golang.org/x/sys": "BSD-3-Clause", "github.com/dustin/go-humanize": "MIT", "gvisor.dev/gvisor": noAssertion, stdlib: "BSD-3-Clause", module: "MIT"}
	for _, p := range b.Packages {
		if want, ok := licences[p.Name]; ok && p.Declared != want {
			t.Errorf("%s: got licence %s, want %s", p.Name, p.Declared, want)
		}
	}
}
