package markdown

// A Kind says what a part of a page is.
type Kind int

// The kinds of parts.
const (
	Paragraph Kind = iota
	Heading
	Code // lines that stay as they are
	List
	Table
)

// A Part is a part of a page. What it has besides its kind depends on the kind.
type Part struct {
	Kind  Kind
	Level int        // of a heading: 1 is the title
	Text  []Span     // of a paragraph or heading
	Lines []string   // of code
	Items []Item     // of a list
	Rows  [][][]Span // of a table: cells; the first row is the head
}

// An Item is a part of a list.
type Item struct {
	Marker string // 1. of a numbered item; empty: a bullet
	Parts  []Part
}

// A Style says how words are set.
type Style int

// The styles.
const (
	Plain Style = iota
	Typed       // what is typed or printed, between backticks
	Strong
	Emphasis
	Break // the end of a line, without words
)

// A Span is words that are set alike, or a link.
type Span struct {
	Style Style
	Words string
	URL   string // of a link
	Text  []Span // of a link, in the place of Words
}

// Words returns the words of spans without their styles.
func Words(spans []Span) (s string) {
	for _, span := range spans {
		switch {
		case span.URL != "":
			s += Words(span.Text)
		case span.Style == Break:
			s += " "
		default:
			s += span.Words
		}
	}
	return s
}
