package flags

import (
	"slices"
	"strings"
)

// DidYouMean returns what name may have been meant to be, as the end of an
// error; empty: there is nothing like it.
func DidYouMean(name string, known []string) string {
	best, least := "", 3 // more than two slips are another word
	for _, k := range known {
		if d := distance(name, k); d < least && 2*d <= len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return Meant(best)
}

// Meant asks, as the end of an error, whether one of these was meant. Nothing of it is ever
// run.
func Meant(these ...string) string {
	return " (did you mean " + Alternatives(these) + "?)"
}

// Alternatives returns words as a list to choose from: a, b or c.
func Alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// distance counts the letters to change, insert, leave out or swap.
func distance(a, b string) int {
	var before, above []int // the last two rows
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			row[j] = slices.Min([]int{above[j] + 1, row[j-1] + 1, above[j-1] + same})
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
