package guides

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/docs"
	"github.com/go-iscsi/discovery/internal/need"
)

const docsFolder = "../../../../docs"

// otherPages are the pages of docs that are for other readers than operators, or that the
// pages of verbs have already. Folders end with a slash.
var otherPages = []string{"README.md", "compatibility.md", "dev/", "install.md", "library.md", "reference/command.md", "security.md"}

// testRoot returns a command with some verbs.
func testRoot() *cobra.Command {
	root := &cobra.Command{Use: "discover"}
	run := func(*cobra.Command, []string) {}
	portal := &cobra.Command{Use: "portal"}
	portal.AddCommand(&cobra.Command{Use: "add", Run: run}, &cobra.Command{Use: "set", Run: run})
	root.AddCommand(&cobra.Command{Use: "scan", Run: run}, &cobra.Command{Use: "secret", Hidden: true, Run: run}, portal)
	return root
}

// TestPages: each page of docs is printed as a guide, as it is, or is for other readers.
func TestPages(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(docsFolder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".md" {
			return err
		}
		page, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(docsFolder, file)
		rel = filepath.ToSlash(rel)
		other := slices.ContainsFunc(otherPages, func(p string) bool { return rel == p || strings.HasSuffix(p, "/") && strings.HasPrefix(rel, p) })
		got, readErr := docs.Pages.ReadFile(rel)
		switch {
		case other && readErr == nil:
			t.Errorf("docs/pages.go has %s, which otherPages names", rel)
		case !other && readErr != nil:
			t.Errorf("%s is not printed: name it in docs/pages.go, or in otherPages if it is not for operators", rel)
		case !other && !bytes.Equal(got, page):
			t.Errorf("%s: got another page than the file", rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTopics: each guide has a name of its own, and a title.
func TestTopics(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, topic := range All() {
		if seen[topic.Man()] || topic.Title == "" || topic.Guide(testRoot()).Title == "" {
			t.Errorf("%s: got the title %q, and seen before: %v", topic.file, topic.Title, seen[topic.Man()])
		}
		seen[topic.Man()] = true
	}
	if !seen["discover-systemd(7)"] || !seen["discoverd(7)"] {
		t.Errorf("got %v, want discover-systemd(7) and discoverd(7)", seen)
	}
	if got, ok := Find("systemd"); !ok || got.Name != "systemd" {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got, ok := Find("Systemd"); ok {
		t.Errorf("got %+v", got)
	}
}

// TestLinks: a link leads to a guide or a verb where there is one, else to the file on the
// web.
func TestLinks(t *testing.T) {
	t.Parallel()
	r := resolver{from: "guide/ports.md", verbs: verbs(testRoot()), topics: []Topic{{Name: "chap", file: "guide/chap.md"}, {Name: "start", file: "start.md"}}}
	discover := help.Link{Path: "discover", Man: "discover(1)", Command: "discover help"}
	add := help.Link{Path: "discover portal add", Man: "discover-portal-add(1)", Command: "discover help portal add"}
	for url, want := range map[string]help.Link{
		"#part":                            {},
		"chap.md":                          {Path: "discover-chap(7)", Man: "discover-chap(7)", Command: "discover help guide chap"},
		"../start.md#part":                 {Path: "discover-start(7)", Man: "discover-start(7)", Command: "discover help guide start"},
		"../reference/command.md":          discover,
		"../reference/command.md#discover": discover,
		"../reference/command.md#discover-portal":           {Path: "discover portal", Man: "discover-portal(1)", Command: "discover help portal"},
		"../reference/command.md#discover-portal-add":       add,
		"../reference/command.md#discover-portal-add-usage": add,
		"../reference/command.md#discover-secret":           {URL: "https://github.com/go-iscsi/discovery/blob/main/docs/reference/command.md#discover-secret"},
		"../security.md#x":                                  {URL: "https://github.com/go-iscsi/discovery/blob/main/docs/security.md#x"},
		"../../examples/systemd/":                           {URL: "https://github.com/go-iscsi/discovery/blob/main/examples/systemd"},
		"https://example.com/#x":                            {URL: "https://example.com/#x"},
	} {
		if got := r.link(url); got != want {
			t.Errorf("%s: got %+v, want %+v", url, got, want)
		}
	}
}

// TestLinksOfPages: what a page links to is there.
func TestLinksOfPages(t *testing.T) {
	t.Parallel()
	for _, topic := range All() {
		g := topic.Guide(testRoot())
		r := g.Link
		g.Link = func(url string) help.Link {
			if file, _, _ := strings.Cut(url, "#"); file != "" && !strings.Contains(url, ":") {
				if _, err := os.Stat(filepath.Join(docsFolder, filepath.Dir(topic.file), file)); err != nil {
					t.Errorf("%s: %v", topic.file, err)
				}
			}
			return r(url)
		}
		_ = g.Long()
	}
}

// TestSeeAlso: a guide names the verbs that it shows, and their pages name the guide.
func TestSeeAlso(t *testing.T) {
	t.Parallel()
	topic := Topic{Name: "a", file: "a.md", page: "# A\n\n    $ discover portal add 192.0.2.10\n\n`discover scanner` is none, nor is discover secret.\n"}
	want := []string{"discover(1)", "discover-portal(1)", "discover-portal-add(1)"}
	if got := topic.Guide(testRoot()).SeeAlso; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for path, want := range map[string]bool{"discover scan": false, "discover portal add": true, "discover portal set": false} {
		if got := topic.shows(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	if got, want := len(About(testRoot())), len(All()); got != want {
		t.Errorf("got %d guides of discover, want all %d", got, want)
	}
}

// TestManPages: groff formats each guide without a warning, and its text for a terminal has
// lines of at most 80 columns, examples and links not counted.
func TestManPages(t *testing.T) {
	t.Parallel()
	groff := need.Program(t, "groff")
	for _, topic := range All() {
		t.Run(topic.Name, func(t *testing.T) {
			t.Parallel()
			g := topic.Guide(testRoot())
			cmd := exec.Command(groff, "-ww", "-man", "-Tutf8", "-P-cbou", "-rLL=78n")
			cmd.Stdin = strings.NewReader(g.Roff(help.Build{Version: "v1.2.3"}))
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || stderr.Len() > 0 || !bytes.Contains(out, []byte("NAME")) {
				t.Errorf("got %v, %s", err, stderr.String())
			}
			var examples []string
			for line := range strings.Lines(topic.page) {
				examples = append(examples, strings.TrimSpace(line))
			}
			for line := range strings.Lines(g.Long()) {
				line = strings.TrimSpace(line)
				if utf8.RuneCountInString(line) > 80 && !slices.Contains(examples, line) && !strings.Contains(line, "https://") {
					t.Errorf("got a wide line: %s", line)
				}
			}
		})
	}
}
