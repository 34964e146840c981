package reference

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// troublePage is the page that users in trouble search for the words on their screen.
const troublePage = "docs/troubleshooting.md"

// unmarked is text of a page without marks for type, its white space made one blank.
func unmarked(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("`", "", `\|`, "|").Replace(text)), " ")
}

// TestTroubleHasAll: docs/troubleshooting.md has each hint, each reason why keys were not
// agreed on, and each refusal of a registry's file with what to do, word for word: the
// words are what a user searches for. Each warning is there or in errors.md.
func TestTroubleHasAll(t *testing.T) {
	t.Parallel()
	page := unmarked(readPage(t, troublePage))
	has := func(kind, text string) {
		for _, part := range strings.Split(text, "…") {
			if part = strings.Trim(unmarked(part), " ,;:()"); part != "" && !strings.Contains(page, part) {
				t.Errorf("%s does not have the %s %q: it lacks %q", troublePage, kind, text, part)
			}
		}
	}
	for _, text := range allHints(t) {
		has("hint", text)
	}
	for i := range sourceOf(t, "pkg/ipsec/enforce").constants("Cause") {
		has("reason", enforce.Cause(i+1).String())
	}
	problems := sourceOf(t, "pkg/initiator/registry/sqlite").constants("Problem")
	if len(problems) < 10 {
		t.Errorf("got %d problems of a registry's file, want those of the code", len(problems))
	}
	for i := range problems {
		for _, text := range strings.SplitN(strings.TrimPrefix((&sqlite.FileError{Problem: sqlite.Problem(i)}).Error(), "registry : "), "; ", 2) {
			has("refusal", text)
		}
	}
	warned := page + unmarked(readPage(t, "docs/reference/errors.md"))
	for _, code := range warningCodes(t) {
		if !strings.Contains(warned, code) {
			t.Errorf("no page has the warning %q", code)
		}
	}
}

// allHints are the hints of the code, with … for what is known only in a run.
func allHints(t *testing.T) []string {
	t.Helper()
	engine := sourceOf(t, "pkg/initiator")
	all := append(engine.said(isHint), engine.fields("Hint")...)
	for _, c := range engine.constants("") {
		if strings.HasSuffix(c.name, "Hint") {
			all = append(all, c.text(t))
		}
	}
	if len(all) < 40 {
		t.Fatalf("got %d hints, want those of the code", len(all))
	}
	return all
}

// printed is a line of a page as the commands print it on standard error.
var printed = regexp.MustCompile(`(?m)^    discoverd?: (.*)$`)

// TestTroubleIsPrinted: each line that docs/troubleshooting.md shows as printed is made of
// texts of the code, of what the system says, and of values.
func TestTroubleIsPrinted(t *testing.T) {
	t.Parallel()
	texts := literals(t)
	lines := printed.FindAllStringSubmatch(readPage(t, troublePage), -1)
	if len(lines) < 20 {
		t.Fatalf("got %d lines, want those of the page", len(lines))
	}
	for _, m := range lines {
		if foreign := texts.foreign(m[1]); len(foreign) > 0 {
			t.Errorf("%s: no text of the code has %q in\n%s", troublePage, foreign, m[1])
		}
	}
}

// A wording is what texts the code has.
type wording struct {
	phrases []phrase
	words   []string // texts of one word
}

// A phrase is a text of several words. A verb of fmt in it is what it stands for.
type phrase struct {
	part    string // the longest part without a verb
	pattern *regexp.Regexp
}

// verb is a verb of fmt.
var verb = regexp.MustCompile(`%[-+# 0-9]*(\.[0-9]+)?[a-zA-Z]`)

// phraseOf makes a phrase of a text; empty: it is too little of one.
func phraseOf(text string) phrase {
	parts := verb.Split(text, -1)
	part := slices.MaxFunc(parts, func(a, b string) int { return len(a) - len(b) })
	if len(part) <= 4 {
		return phrase{}
	}
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	pattern := strings.Join(parts, `(.+?)`)
	if isLetter(text[0]) {
		pattern = `\b` + pattern
	}
	if isLetter(text[len(text)-1]) {
		pattern += `\b`
	}
	return phrase{part: part, pattern: regexp.MustCompile(pattern)}
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// literals are the texts of the code.
func literals(t *testing.T) *wording {
	t.Helper()
	w, seen := new(wording), make(map[string]bool)
	for _, f := range sourceOf(t, "pkg", "cmd", "internal").files {
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			text = strings.TrimSpace(text)
			if err != nil || seen[text] || strings.Contains(text, "\n") || !utf8.ValidString(text) {
				return true
			}
			seen[text] = true
			if words := strings.Fields(verb.ReplaceAllString(text, "")); len(words) == 1 {
				w.words = append(w.words, strings.Trim(words[0], "(),;:"))
			} else if p := phraseOf(text); len(words) > 1 && p.pattern != nil {
				w.phrases = append(w.phrases, p)
			}
			return true
		})
	}
	return w
}

// foreign are the words of a line that are in no text of the code, nothing that the system
// says, and no value: a value has a digit, a slash or a dot within, or is quoted.
func (w *wording) foreign(line string) (foreign []string) {
	known := make([]bool, len(line))
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			known[i] = true
		}
	}
	for _, p := range w.phrases {
		if !strings.Contains(line, p.part) {
			continue
		}
		for _, at := range p.pattern.FindAllStringSubmatchIndex(line, -1) {
			from := at[0]
			for i := 2; i < len(at); i += 2 { // what stands for a verb is not known by this phrase
				mark(from, at[i])
				from = at[i+1]
			}
			mark(from, at[1])
		}
	}
	for errno := syscall.Errno(1); errno < 134; errno++ {
		if i := strings.Index(line, ": "+errno.Error()); i >= 0 {
			mark(i, i+len(": "+errno.Error()))
		}
	}
	for _, at := range regexp.MustCompile(`\S+`).FindAllStringIndex(line, -1) {
		word := strings.Trim(line[at[0]:at[1]], "(),;:")
		if !slices.Contains(known[at[0]:at[1]], true) && !strings.ContainsAny(strings.TrimRight(word, "."), `0123456789/."`) && !slices.Contains(w.words, word) {
			foreign = append(foreign, word)
		}
	}
	return foreign
}

// TestForeignWords: a line with a word that the code does not say is found.
func TestForeignWords(t *testing.T) {
	t.Parallel()
	texts := literals(t)
	for _, tt := range []struct{ line, want string }{
		{line: "connect to 192.0.2.12:3260: connection refused; nothing listens there: check the address and the TCP port"},
		{line: "connect to 192.0.2.12:3260: connection refused; nothing listens here: check the address and the TCP port", want: "here"},
		{line: "connect to 192.0.2.12:3260: connection declined; nothing listens there: check the address and the TCP port", want: "declined"},
	} {
		got := texts.foreign(tt.line)
		if tt.want == "" && len(got) > 0 || tt.want != "" && !slices.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q in it", tt.line, got, tt.want)
		}
	}
}
