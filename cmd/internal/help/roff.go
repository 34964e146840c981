package help

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
)

// A Build says which build of a program a man page is of.
type Build struct {
	Version string
	Time    time.Time // of its last commit; zero: not known
}

// FileName returns the name of a man page, such as discover-portal-add.1.
func (p *Page) FileName(section string) string {
	return dashed(p.Path) + "." + section
}

func dashed(path string) string { return strings.ReplaceAll(path, " ", "-") }

// Roff returns the page as a man page of a section, in the macros of man(7).
func (p *Page) Roff(section string, of Build) string {
	r := new(roff)
	program, _, _ := strings.Cut(p.Path, " ")
	r.title(dashed(p.Path), section, of, program)
	r.macro("SH", "NAME")
	r.line(escape(dashed(p.Path)) + ` \- ` + escape(p.Summary))
	r.macro("SH", "SYNOPSIS")
	for i, usage := range p.Usage {
		if i > 0 {
			r.macro("br")
		}
		r.line(`\fB` + escape(p.Path) + `\fR` + escape(strings.TrimPrefix(usage, p.Path)))
	}
	if len(p.Text.Body) > 0 {
		r.macro("SH", "DESCRIPTION")
		r.blocks(p.Text.Body)
	}
	for _, g := range p.Verbs {
		r.macro("SH", strings.ToUpper(g.Title))
		for _, v := range g.Verbs {
			r.term(bold(v.Name), v.Summary)
		}
	}
	if len(p.Topics) > 0 {
		r.macro("SH", "GUIDES")
		for _, t := range p.Topics {
			r.term(manRef(t.Man), t.Title)
		}
	}
	r.flags(p)
	r.endings(p, section)
	return r.b.String()
}

// flags writes the groups of flags.
func (r *roff) flags(p *Page) {
	if !slices.ContainsFunc(p.Flags, hasFlags) {
		return
	}
	r.macro("SH", "OPTIONS")
	for _, g := range p.Flags {
		if !hasFlags(g) {
			continue
		}
		r.macro("SS", g.Title)
		g.Set.VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			name, value := FlagName(f)
			if value != "" {
				value = `\fI` + escape(value) + `\fR`
			}
			r.term(strings.ReplaceAll(bold(name), ", ", `\fR, \fB`)+value, f.Usage)
		})
	}
}

// endings writes what stands at the end of a page.
func (r *roff) endings(p *Page, section string) {
	if len(p.Text.Exit) > 0 {
		r.macro("SH", "EXIT STATUS")
		r.blocks(p.Text.Exit)
	}
	if len(p.Text.Examples) > 0 {
		r.macro("SH", "EXAMPLES")
		for i, e := range p.Text.Examples {
			if i > 0 {
				r.macro("PP")
			}
			r.verbatim(e)
		}
	}
	var pages []string
	for _, path := range p.SeeAlso {
		pages = append(pages, dashed(path)+"("+section+")")
	}
	for _, t := range p.Guides {
		pages = append(pages, t.Man)
	}
	r.seeAlso(pages)
}

func hasFlags(g flags.Group) bool { return g.Set.HasAvailableFlags() }

// A roff is a man page that is written.
type roff struct{ b strings.Builder }

// macro writes a request of man(7) with its arguments.
func (r *roff) macro(name string, args ...string) {
	r.b.WriteString("." + name)
	for _, a := range args {
		r.b.WriteString(` "` + strings.ReplaceAll(escape(a), `"`, `\(dq`) + `"`)
	}
	r.b.WriteByte('\n')
}

// title writes the heading of a page.
func (r *roff) title(name, section string, of Build, program string) {
	date := ""
	if !of.Time.IsZero() {
		date = of.Time.UTC().Format(time.DateOnly)
	}
	r.macro("TH", strings.ToUpper(name), section, date, program+" "+of.Version, program)
	r.b.WriteString(".nh\n.ad l\n") // words are not broken at the end of a line: many are commands
}

// seeAlso writes the names of other pages, such as discover-scan(1).
func (r *roff) seeAlso(pages []string) {
	if len(pages) == 0 {
		return
	}
	r.macro("SH", "SEE ALSO")
	for i, p := range pages {
		end := ","
		if i == len(pages)-1 {
			end = ""
		}
		r.line(manRef(p) + end)
	}
}

// manRef returns the name of a man page as it is printed: the section is not bold.
func manRef(man string) string { return styled(manSpans(man)) }

// line writes a line of text that is escaped already. One that begins like a request is
// told from it.
func (r *roff) line(s string) {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	r.b.WriteString(s + "\n")
}

// blocks writes text.
func (r *roff) blocks(blocks []Block) {
	for i, block := range blocks {
		switch {
		case block.Words != "":
			if i > 0 {
				r.macro("PP")
			}
			r.line(escape(block.Words))
		case len(block.Items) > 0:
			for _, item := range block.Items {
				r.term(bold(item.Term), item.Meaning)
			}
		default:
			r.macro("PP")
			r.verbatim(block.Lines)
		}
	}
}

// term writes a term, escaped already, and its meaning.
func (r *roff) term(term, meaning string) {
	r.macro("TP")
	r.line(term)
	if meaning == "" {
		r.line(`\&`)
		return
	}
	r.line(escape(meaning))
}

// verbatim writes lines that stay as they are.
func (r *roff) verbatim(lines []string) {
	r.macro("RS", "4")
	r.macro("nf")
	for _, line := range lines {
		r.line(escape(line))
	}
	r.macro("fi")
	r.macro("RE")
}

func bold(s string) string { return `\fB` + escape(s) + `\fR` }

// escape returns a text that roff prints as it is: what is typed keeps its hyphens, quotes
// and backslashes when it is copied out of the page.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '\\':
			b.WriteString(`\e`)
		case '-':
			b.WriteString(`\-`)
		case '\'':
			b.WriteString(`\(aq`)
		case '`':
			b.WriteString(`\(ga`)
		case '^':
			b.WriteString(`\(ha`)
		case '~':
			b.WriteString(`\(ti`)
		default:
			if r < utf8.RuneSelf {
				b.WriteRune(r)
			} else {
				fmt.Fprintf(&b, `\[u%04X]`, r)
			}
		}
	}
	return b.String()
}
