package guides

import (
	"path"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/help"
)

// project is where the files of the repository are read on the web, and reference the page
// that has the verbs.
const (
	project   = "https://github.com/go-iscsi/discovery/blob/main/"
	folder    = "docs"
	reference = "reference/command.md"
)

// A resolver finds out where the links of a page lead.
type resolver struct {
	from   string // the page
	verbs  []string
	topics []Topic
}

// link returns where a link leads. One within the page leads nowhere.
func (r resolver) link(url string) help.Link {
	file, anchor, hasAnchor := strings.Cut(url, "#")
	if file == "" {
		return help.Link{}
	}
	if strings.Contains(url, ":") {
		return help.Link{URL: url}
	}
	to := path.Join(path.Dir(r.from), file)
	if i := slices.IndexFunc(r.topics, func(t Topic) bool { return t.file == to }); i >= 0 {
		t := r.topics[i]
		return help.Link{Path: t.Man(), Man: t.Man(), Command: "discover help guide " + t.Name}
	}
	if to == reference {
		if l, ok := r.verb(strings.TrimSuffix(anchor, "-usage")); ok || !hasAnchor {
			return l
		}
	}
	whole := project + path.Join(folder, to)
	if hasAnchor {
		whole += "#" + anchor
	}
	return help.Link{URL: whole}
}

// verb returns the link to a verb by the name of its heading: discover-portal-add. Without
// one it is that to the command.
func (r resolver) verb(anchor string) (help.Link, bool) {
	for _, v := range r.verbs {
		if strings.ReplaceAll(v, " ", "-") == anchor {
			return help.Link{Path: v, Man: manOf(v), Command: "discover help" + strings.TrimPrefix(v, "discover")}, true
		}
	}
	return help.Link{Path: "discover", Man: manOf("discover"), Command: "discover help"}, anchor == "discover"
}
