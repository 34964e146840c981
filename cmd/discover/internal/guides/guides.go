package guides

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/docs"
)

// A Topic is what a guide is about.
type Topic struct {
	Name  string // ports
	Title string // the first heading of the page
	file  string // guide/ports.md
	page  string
}

// All returns the topics of all guides, by name.
func All() (all []Topic) {
	// An embedded file can be read, and has a name that ends so.
	_ = fs.WalkDir(docs.Pages, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		page, err := docs.Pages.ReadFile(file)
		if err != nil {
			return err
		}
		heading, _, _ := strings.Cut(string(page), "\n")
		all = append(all, Topic{
			Name:  strings.TrimSuffix(path.Base(file), ".md"),
			Title: strings.TrimSpace(strings.TrimLeft(heading, "# ")),
			file:  file,
			page:  string(page),
		})
		return nil
	})
	slices.SortFunc(all, func(a, b Topic) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Find returns the topic of a name.
func Find(name string) (Topic, bool) {
	all := All()
	i := slices.IndexFunc(all, func(t Topic) bool { return t.Name == name })
	if i < 0 {
		return Topic{}, false
	}
	return all[i], true
}

// Names returns the names of all topics.
func Names() (names []string) {
	for _, t := range All() {
		names = append(names, t.Name)
	}
	return names
}

// man returns the name of the man page: that of a guide to discoverd begins so already.
func (t Topic) man() string {
	if t.Name == "discoverd" || strings.HasPrefix(t.Name, "discoverd-") {
		return t.Name
	}
	return "discover-" + t.Name
}

// Man returns the name of the man page with its section: discover-ports(7).
func (t Topic) Man() string { return t.man() + "(" + help.GuideSection + ")" }

// Guide returns the guide. root has the verbs.
func (t Topic) Guide(root *cobra.Command) *help.Guide {
	g := help.NewGuide(t.man(), t.page)
	r := resolver{from: t.file, verbs: verbs(root), topics: All()}
	g.Link = r.link
	g.SeeAlso = []string{"discover(1)"}
	for _, v := range r.verbs {
		if t.shows(v) {
			g.SeeAlso = append(g.SeeAlso, manOf(v))
		}
	}
	if strings.Contains(t.page, "discoverd") {
		g.SeeAlso = append(g.SeeAlso, "discoverd(8)")
	}
	return g
}

// About returns the topics of the guides that show a verb, or one below it; without words
// all of them.
func About(cmd *cobra.Command) (some []Topic) {
	for _, t := range All() {
		if !cmd.HasParent() || slices.ContainsFunc(verbs(cmd), t.shows) {
			some = append(some, t)
		}
	}
	return some
}

// shows reports whether the guide has the words that call a verb.
func (t Topic) shows(path string) bool {
	for rest := t.page; ; {
		_, after, found := strings.Cut(rest, path)
		if !found {
			return false
		}
		if after == "" || !strings.ContainsAny(after[:1], "-abcdefghijklmnopqrstuvwxyz") {
			return true
		}
		rest = after
	}
}

// verbs returns the paths of a verb and of those below it, without the command itself:
// discover portal add.
func verbs(cmd *cobra.Command) (all []string) {
	if cmd.HasParent() {
		all = append(all, cmd.CommandPath())
	}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			all = append(all, verbs(sub)...)
		}
	}
	return all
}

// manOf returns the man page of a verb.
func manOf(path string) string { return strings.ReplaceAll(path, " ", "-") + "(1)" }
