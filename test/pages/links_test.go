package pages

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the folder of the repository.
var root = filepath.Join("..", "..")

var (
	link    = regexp.MustCompile(`\]\(([^()\s]+(?:\([^()]*\))?[^()\s]*)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#*$`)
	anchor  = regexp.MustCompile(`<a +(?:id|name)="([^"]+)"`)
	literal = regexp.MustCompile("`[^`\n]*`")
	// linked is the text of a link in a heading.
	linked = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	noSlug = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

// documents returns the paths of all pages from the root, those for contributors, too.
func documents(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "dist"):
			return fs.SkipDir
		case filepath.Ext(path) == ".md" && d.Name() != "page.md": // of which another one is made
			path, err = filepath.Rel(root, path)
			all = append(all, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// prose returns a page without its blocks.
func prose(t *testing.T, path, text string) string {
	t.Helper()
	blocks, err := parse(text)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	lines := strings.Split(text, "\n")
	for _, b := range blocks {
		for i := range b.text {
			lines[b.line-1+i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// anchors returns what can stand behind # in a link to a page, as GitHub makes it of the
// headings.
func anchors(text string) map[string]bool {
	all := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		title := strings.ReplaceAll(linked.ReplaceAllString(m[1], "$1"), "`", "")
		slug := strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
		for n, next := 1, slug; ; n++ {
			if !all[next] {
				all[next] = true
				break
			}
			next = slug + "-" + string(rune('0'+n))
		}
	}
	for _, m := range anchor.FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
	}
	return all
}

// TestLinks: each link of a page to another one, or to a place in one, leads there.
func TestLinks(t *testing.T) {
	t.Parallel()
	found := 0
	known := make(map[string]map[string]bool) // anchors by page
	for _, page := range documents(t) {
		text := prose(t, page, readFile(t, page))
		for _, m := range link.FindAllStringSubmatch(literal.ReplaceAllString(text, ""), -1) {
			to, err := url.Parse(m[1])
			if err != nil {
				t.Errorf("%s: %s: %v", page, m[1], err)
			}
			if err != nil || to.Scheme != "" {
				continue
			}
			found++
			target := page
			if to.Path != "" {
				target = path.Join(path.Dir(page), to.Path)
			}
			info, err := os.Stat(filepath.Join(root, filepath.FromSlash(target)))
			switch {
			case err != nil:
				t.Errorf("%s: %s: there is no %s", page, m[1], target)
				continue
			case to.Fragment == "" || info.IsDir() || path.Ext(target) != ".md":
				continue
			}
			if known[target] == nil {
				known[target] = anchors(prose(t, target, readFile(t, target)))
			}
			if !known[target][to.Fragment] {
				t.Errorf("%s: %s: %s has no such heading", page, m[1], target)
			}
		}
	}
	if found < 80 {
		t.Errorf("got %d links, want 80 or more", found)
	}
}

// TestAnchors: headings have the anchors that GitHub gives them.
func TestAnchors(t *testing.T) {
	t.Parallel()
	got := anchors("# One `two`, three\n\n## Same\n\n## Same\n\n### [Link](x.md): -o json\n\n<a id=\"own\"></a>\n")
	for _, want := range []string{"one-two-three", "same", "same-1", "link--o-json", "own"} {
		if !got[want] {
			t.Errorf("got %v, want %q", got, want)
		}
	}
}

// TestJSON: what stands in a page as JSON is JSON: a block that is fenced as json, and each
// line of a block that begins with a brace and ends with one. In "…" anything may be left out.
func TestJSON(t *testing.T) {
	t.Parallel()
	found := 0
	for _, page := range documents(t) {
		text := readFile(t, page)
		blocks, err := parse(text)
		if err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		lines := strings.Split(text, "\n")
		for _, b := range blocks {
			if strings.TrimSpace(lines[max(0, b.line-2)]) == "```json" {
				found++
				if whole := strings.Join(b.text, "\n"); !strings.Contains(whole, elided) && !json.Valid([]byte(whole)) {
					t.Errorf("%s:%d: the block is no JSON", page, b.line)
				}
				continue
			}
			for i, l := range b.text {
				l = strings.TrimRight(strings.TrimSpace(l), ",")
				if !strings.HasPrefix(l, `{"`) || !strings.HasSuffix(l, "}") || strings.Contains(l, elided) {
					continue
				}
				if found++; !json.Valid([]byte(l)) {
					t.Errorf("%s:%d: the line is no JSON", page, b.line+i)
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("got %d documents of JSON, want 5 or more", found)
	}
}
