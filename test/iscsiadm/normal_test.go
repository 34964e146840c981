//go:build linux

package iscsiadm

import (
	"regexp"
	"slices"
	"strings"
)

// versions are where iscsiadm says which it is.
var versions = regexp.MustCompile(`(?m)^(# BEGIN RECORD|iscsiadm version) .*$`)

// listing are the command lines that print what folders hold. The real program
// prints that in the order of the folder, which is arbitrary.
var listing = regexp.MustCompile(`^-m (discovery|discoverydb|iface)( -P 0)?$|^-m (discovery|discoverydb)( -o show)? -P 1$`)

// normal returns what a command line printed with the version masked and, where
// the order of lines says nothing, the lines in order.
func normal(line, stdout string) string {
	stdout = versions.ReplaceAllString(stdout, "$1 VERSION")
	if listing.MatchString(line) && stdout != "" {
		stdout = strings.Join(sorted(strings.SplitAfter(stdout, "\n"), 0), "")
	}
	return stdout
}

// levels are the prefixes of the lines of a tree, from the root to the leaves.
// What has none of them is one of the sections, the order of which is fixed.
var levels = []string{"", "DiscoveryAddress:", "Target:", "\tPortal:", "\t\tIface Name:"}

func level(line string) int {
	for i, prefix := range levels {
		if i > 0 && strings.HasPrefix(line, prefix) {
			return i
		}
	}
	return 0
}

// sorted returns the lines of a listing in order. A line of a tree takes those
// below it along.
func sorted(lines []string, depth int) []string {
	if depth == len(levels) {
		return lines
	}
	var head, out []string
	var trees [][]string
	for _, line := range lines {
		switch at := level(line); {
		case at == depth:
			trees = append(trees, []string{line})
		case len(trees) > 0:
			trees[len(trees)-1] = append(trees[len(trees)-1], line)
		default:
			head = append(head, line)
		}
	}
	for i, tree := range trees {
		trees[i] = append(tree[:1:1], sorted(tree[1:], depth+1)...)
	}
	if depth > 0 || !slices.ContainsFunc(lines, func(line string) bool { return level(line) > 0 }) {
		slices.SortFunc(trees, slices.Compare)
	}
	out = append(out, sorted(head, min(depth+1, len(levels)))...)
	for _, tree := range trees {
		out = append(out, tree...)
	}
	return out
}
