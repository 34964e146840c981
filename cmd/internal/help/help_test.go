package help

import (
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/internal/need"
)

const text = `prog verb does something that takes more
than one line.

KIND is one of:
  a, b           the first
                 and more of it
  a-very-long-term-that-stands-alone, and-more
                 the second

  stays as it is -x
.begins like a request, as does
'this one', and has a \ in it.

Exit status: 1 if it fails.

Examples:
  prog verb one
  prog verb two \
      'and more'`

// TestParse: the parts of a text are told apart by their form alone.
func TestParse(t *testing.T) {
	t.Parallel()
	want := Text{
		Body: []Block{
			{Words: "prog verb does something that takes more than one line."},
			{Words: "KIND is one of:"},
			{Items: []Item{{"a, b", "the first and more of it"}, {"a-very-long-term-that-stands-alone, and-more", "the second"}}},
			{Lines: []string{"stays as it is -x"}},
			{Words: `.begins like a request, as does 'this one', and has a \ in it.`},
		},
		Exit:     []Block{{Words: "1 if it fails."}},
		Examples: []Example{{"prog verb one"}, {`prog verb two \`, "    'and more'"}},
	}
	if got := Parse(text); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := Parse("a.\n\nExit status:\n  0  fine\n  1  not").Exit; !reflect.DeepEqual(got, []Block{{Items: []Item{{"0", "fine"}, {"1", "not"}}}}) {
		t.Errorf("got %+v", got)
	}
}

// testPage is a page with all that a page may have.
func testPage() *Page {
	fs := flags.NewSet()
	var s string
	fs.VarP(flags.NewText(&s, "FILE"), "file", "f", "a file to read; default: none, which is said here at such a length that it needs two lines")
	fs.Bool("quiet", false, "say nothing")
	return &Page{
		Path: "prog verb", Summary: "do something", Usage: []string{"prog verb [FLAGS] KIND", "prog verb -"},
		Text: Parse(text), Verbs: []Group{{"Verbs", []Verb{{"below", "do less"}}}},
		Flags: []flags.Group{flags.NewGroup("What is read", fs)}, Own: 1, SeeAlso: []string{"prog", "prog verb below"},
	}
}

// TestLong: all of it, the usage first and the examples last.
func TestLong(t *testing.T) {
	t.Parallel()
	want := `Usage: prog verb [FLAGS] KIND
       prog verb -

prog verb does something that takes more than one line.

KIND is one of:
  a, b  the first and more of it
  a-very-long-term-that-stands-alone, and-more
        the second

  stays as it is -x

.begins like a request, as does 'this one', and has a \ in it.

Verbs:
  below  do less

What is read:
  -f, --file FILE           a file to read; default: none, which is said here at
                            such a length that it needs two lines
  --quiet                   say nothing

Exit status: 1 if it fails.

Examples:
  prog verb one
  prog verb two \
      'and more'
`
	if got := testPage().Long(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestShort: a verb without verbs below it has its flags in a line each.
func TestShort(t *testing.T) {
	t.Parallel()
	p := testPage()
	p.Verbs = nil
	want := `Usage: prog verb [FLAGS] KIND
       prog verb -

Do something.

Flags:
  -f, --file FILE           a file to read
  --quiet                   say nothing

Examples:
  prog verb one
  prog verb two \
      'and more'

prog help verb: everything
`
	if got := p.Short("prog help verb: everything"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRoff: what roff would take for its own is escaped, and the page is the same for each
// run of a build.
func TestRoff(t *testing.T) {
	t.Parallel()
	build := Build{Version: "v1.2.3", Time: time.Date(2026, 12, 1, 0, 2, 3, 0, time.FixedZone("", 3600))}
	got := testPage().Roff("1", build)
	for _, want := range []string{
		".TH \"PROG\\-VERB\" \"1\" \"2026\\-11\\-30\" \"prog v1.2.3\" \"prog\"\n",
		".SH \"SYNOPSIS\"\n\\fBprog verb\\fR [FLAGS] KIND\n.br\n\\fBprog verb\\fR \\-\n",
		"\n\\&.begins like a request, as does \\(aqthis one\\(aq, and has a \\e in it.\n",
		".TP\n\\fB\\-f\\fR, \\fB\\-\\-file\\fR\\fI FILE\\fR\na file to read;",
		".nf\nprog verb two \\e\n    \\(aqand more\\(aq\n.fi\n",
		"\\fBprog\\fR(1),\n\\fBprog\\-verb\\-below\\fR(1)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q in it", got, want)
		}
	}
	if again := testPage().Roff("1", build); again != got {
		t.Errorf("got another page the second time")
	}
	if name := testPage().FileName("1"); name != "prog-verb.1" {
		t.Errorf("got %q", name)
	}
}

// TestGroff: groff formats the page without a warning, and what a user copies out of it is
// what was written.
func TestGroff(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(need.Program(t, "groff"), "-ww", "-man", "-Tascii", "-P-c")
	cmd.Stdin = strings.NewReader(testPage().Roff("1", Build{Version: "v1.2.3"}))
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("got %v, %s", err, stderr.String())
	}
	plain := overstruck(stdout.String())
	for _, want := range []string{"prog verb two \\\n", "    'and more'\n", "-f, --file FILE\n", "stays as it is -x\n", ".begins like a request", "EXIT STATUS\n"} {
		if !strings.Contains(plain, want) {
			t.Errorf("got\n%s\nwant %q in it", plain, want)
		}
	}
}

// overstruck returns text without what a printer would strike over: bold and underlined
// letters.
func overstruck(s string) string {
	var b []rune
	for _, r := range s {
		if r == '\b' {
			b = b[:len(b)-1]
		} else {
			b = append(b, r)
		}
	}
	return string(b)
}
