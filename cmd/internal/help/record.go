package help

import (
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/markdown"
)

// A record is a row of a table that is too wide for its columns.
type record struct {
	term     []markdown.Span
	meanings [][]markdown.Span
}

// records returns the rows of a table. Of a table of two columns the head is a row as the
// others; where there are more, each cell has the head of its column before it.
func records(rows [][][]markdown.Span) (all []record) {
	head := rows[0]
	if len(head) == 2 && titled(head) {
		all = append(all, record{emphasised(head[0]), [][]markdown.Span{emphasised(head[1])}})
	}
	for _, row := range rows[1:] {
		r := record{term: row[0]}
		for i, c := range row[1:] {
			switch title := head[i+1]; {
			case len(c) == 0:
			case len(r.term) == 0:
				r.term = c
			case len(head) > 2 && len(title) > 0:
				r.meanings = append(r.meanings, slices.Concat(emphasised(title), []markdown.Span{{Words: ": "}}, c))
			default:
				r.meanings = append(r.meanings, c)
			}
		}
		all = append(all, r)
	}
	return all
}

// titled reports whether a table has a head with words.
func titled(head [][]markdown.Span) bool {
	return slices.ContainsFunc(head, func(c []markdown.Span) bool { return len(c) > 0 })
}

// emphasised returns a text with emphasis.
func emphasised(text []markdown.Span) (all []markdown.Span) {
	for _, s := range text {
		if s.Style == markdown.Plain {
			s.Style = markdown.Emphasis
		}
		all = append(all, s)
	}
	return all
}
