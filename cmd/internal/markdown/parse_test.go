package markdown

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// word returns a span without a style.
func word(s string) []Span { return []Span{{Words: s}} }

// para returns a paragraph without styles.
func para(s string) Part { return Part{Kind: Paragraph, Text: word(s)} }

// TestParse: the parts of a page are told apart as Markdown does.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, page string
		want       []Part
	}{
		{"headings", "# A title\n## Part ##\ntext\n####### no heading", []Part{
			{Kind: Heading, Level: 1, Text: word("A title")}, {Kind: Heading, Level: 2, Text: word("Part")}, para("text ####### no heading"),
		}},
		{"a paragraph of two lines", "one\ntwo\n\nthree", []Part{para("one two"), para("three")}},
		{"line ends of Windows", "one\r\n\r\ntwo\r\n", []Part{para("one"), para("two")}},
		{"code", "    $ a\n\n      b\n\nafter", []Part{{Kind: Code, Lines: []string{"$ a", "", "  b"}}, para("after")}},
		{"code between fences", "before\n```sh\n# a\n\n    b\n```\nafter", []Part{para("before"), {Kind: Code, Lines: []string{"# a", "", "    b"}}, para("after")}},
		{"a fence without an end", "```\na", []Part{{Kind: Code, Lines: []string{"a"}}}},
		{"comments and tags", "<!-- run:\nnot\n-->\n<p align=\"center\">\n<a id=\"x\"></a>a\n</p>", []Part{para("a")}},
		{"a rule", "a\n\n---\n\nb", []Part{para("a"), para("b")}},
		{"a list", "* one\n  more\ngoes on\n* two\n\n  a paragraph\n\n      code\n\nafter", []Part{
			{Kind: List, Items: []Item{
				{Parts: []Part{para("one more goes on")}},
				{Parts: []Part{para("two"), para("a paragraph"), {Kind: Code, Lines: []string{"code"}}}},
			}}, para("after"),
		}},
		{"a list in a list, behind a line", "text:\n- one\n  1. a\n  2. b\n- two", []Part{
			para("text:"), {Kind: List, Items: []Item{
				{Parts: []Part{para("one"), {Kind: List, Items: []Item{{"1.", []Part{para("a")}}, {"2.", []Part{para("b")}}}}}},
				{Parts: []Part{para("two")}},
			}},
		}},
		{"a number is no item", "there are\n12. Of them\n-5 is none either", []Part{para("there are 12. Of them -5 is none either")}},
		{"a table", "text\n| a | b |\n| --- | :-: |\n| `x\\|y` | |\n| z |\nafter", []Part{para("text"), {Kind: Table, Rows: [][][]Span{
			{word("a"), word("b")}, {{{Style: Typed, Words: "x|y"}}, nil}, {word("z"), nil},
		}}, para("after")}},
		{"a row is no table", "| a |\nb", []Part{para("| a | b")}},
		{"a quotation", "> a\n> b", []Part{para("a b")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Parse(tt.page); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestSpans: words with styles and links; a mark that begins nothing is text.
func TestSpans(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want []Span
	}{
		{"a `b*c*` d", []Span{{Words: "a "}, {Style: Typed, Words: "b*c*"}, {Words: " d"}}},
		{"`` a`b ``", []Span{{Style: Typed, Words: "a`b"}}},
		{"a ` b", word("a ` b")},
		{"**a** *b* _c_", []Span{{Style: Strong, Words: "a"}, {Words: " "}, {Style: Emphasis, Words: "b"}, {Words: " "}, {Style: Emphasis, Words: "c"}}},
		{"**`a` b**", []Span{{Style: Typed, Words: "a"}, {Style: Strong, Words: " b"}}},
		{"snake_case_word, 2 * 3 * 4, *, **", word("snake_case_word, 2 * 3 * 4, *, **")},
		{`\*a\* C:\new`, word(`*a* C:\new`)},
		{"[a `b`](c.md#d), [e] (f) [g", []Span{{URL: "c.md#d", Text: []Span{{Words: "a "}, {Style: Typed, Words: "b"}}}, {Words: ", [e] (f) [g"}}},
		{"![a picture](x.svg)", word("a picture")},
		{"<https://example.com/> a < b <!-- no --><br>&lt;c&gt; & d", []Span{{Words: "https://example.com/ a < b "}, {Style: Break}, {Words: "<c> & d"}}},
	} {
		if got := spans(tt.text); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.text, got, tt.want)
		}
	}
}

// TestPagesAreWhole: no word of a page in docs is lost, whatever Markdown it has.
func TestPagesAreWhole(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../../docs/*/*.md")
	more, err2 := filepath.Glob("../../../docs/*.md")
	if pages = append(pages, more...); err != nil || err2 != nil || len(pages) < 10 {
		t.Fatalf("got %d pages, %v, %v", len(pages), err, err2)
	}
	letters := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
	}
	for _, page := range pages {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		left := make(map[string]int)
		for _, w := range letters(written(Parse(string(b)))) {
			left[w]++
		}
		for _, w := range letters(withoutComments(string(b))) {
			if left[w]--; left[w] == -1 {
				t.Errorf("%s: %q is lost", page, w)
			}
		}
	}
}

// notShown are the tags of pages, and characters by their names.
var notShown = regexp.MustCompile(`<br>|<a id="[^"]*"></a>|&[a-z]+;`)

// withoutComments returns a page without what it does not show, and without the languages
// of examples.
func withoutComments(page string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(page, "<!--")
		b.WriteString(before)
		if !found {
			break
		}
		_, page, _ = strings.Cut(rest, "-->")
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		if text := strings.TrimSpace(line); !strings.HasPrefix(text, "```") && !isTag(text) {
			lines = append(lines, notShown.ReplaceAllString(line, " "))
		}
	}
	return strings.Join(lines, "")
}

// written returns all text of parts, with the addresses of links.
func written(parts []Part) string {
	var b strings.Builder
	text := func(spans []Span) {
		b.WriteString(Words(spans) + " ")
		for _, s := range spans {
			b.WriteString(" " + s.URL + " ")
		}
	}
	for _, p := range parts {
		text(p.Text)
		b.WriteString(strings.Join(p.Lines, "\n") + "\n")
		for _, item := range p.Items {
			b.WriteString(item.Marker + " " + written(item.Parts))
		}
		for _, row := range p.Rows {
			for _, c := range row {
				text(c)
			}
		}
	}
	return b.String()
}
