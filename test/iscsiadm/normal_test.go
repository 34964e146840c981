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
		stdout = strings.Join(sorted(slices.Collect(strings.Lines(stdout))), "")
	}
	return stdout
}

// levels are the prefixes of the lines of a tree below its sections, which have none of
// them.
var levels = []string{"DiscoveryAddress:", "Target:", "\tPortal:", "\t\tIface Name:"}

// depth returns how deep in a tree a line is.
func depth(line string) int {
	return 1 + slices.IndexFunc(levels, func(prefix string) bool { return strings.HasPrefix(line, prefix) })
}

// sorted returns the lines of a listing in order. A line of a tree takes along those that
// are below it; the order of sections is fixed.
func sorted(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	top := depth(slices.MinFunc(lines, func(a, b string) int { return depth(a) - depth(b) }))
	var trees [][]string
	for _, line := range lines {
		if depth(line) == top || len(trees) == 0 {
			trees = append(trees, nil)
		}
		last := &trees[len(trees)-1]
		*last = append(*last, line)
	}
	for i, tree := range trees {
		trees[i] = append(tree[:1:1], sorted(tree[1:])...)
	}
	if sections := lines[0] == "SENDTARGETS:\n"; !sections {
		slices.SortFunc(trees, slices.Compare)
	}
	return slices.Concat(trees...)
}
