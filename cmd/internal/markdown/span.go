package markdown

import (
	"slices"
	"strings"
)

// spans reads words with styles and links.
func spans(s string) []Span {
	r := spanReader{rest: s}
	for r.rest != "" {
		r.next()
	}
	r.flush()
	return r.all
}

// A spanReader reads words from their beginning to their end.
type spanReader struct {
	rest  string
	plain strings.Builder // words before rest without a style
	all   []Span
}

// flush ends the words without a style.
func (r *spanReader) flush() {
	if r.plain.Len() > 0 {
		r.all = append(r.all, Span{Words: r.plain.String()})
		r.plain.Reset()
	}
}

// add adds spans, and goes on with rest.
func (r *spanReader) add(rest string, more ...Span) {
	r.flush()
	r.all, r.rest = append(r.all, more...), rest
}

// take takes n bytes as they are.
func (r *spanReader) take(n int) {
	r.plain.WriteString(r.rest[:n])
	r.rest = r.rest[n:]
}

// next reads what begins with the next byte.
func (r *spanReader) next() {
	n := strings.IndexAny(r.rest, "\\`<![*_&")
	switch {
	case n < 0:
		r.take(len(r.rest))
		return
	case n > 0:
		r.take(n)
	}
	done := false
	switch r.rest[0] {
	case '\\':
		if done = len(r.rest) > 1 && isPunctuation(r.rest[1]); done {
			r.rest = r.rest[1:]
			r.take(1)
		}
	case '`':
		done = r.typed()
	case '<':
		done = r.tag()
	case '!':
		if rest, ok := strings.CutPrefix(r.rest, "!"); ok {
			if text, _, after, ok := cutLink(rest); ok { // the words that stand for a picture
				done = true
				r.add(after, spans(text)...)
			}
		}
	case '[':
		if text, url, after, ok := cutLink(r.rest); ok {
			done = true
			r.add(after, Span{URL: url, Text: spans(text)})
		}
	case '*', '_':
		done = r.styled()
	case '&':
		done = r.entity()
	}
	if !done {
		r.take(1)
	}
}

func isPunctuation(c byte) bool {
	return strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c) >= 0
}

// typed reads words between backticks, as many before them as after them.
func (r *spanReader) typed() bool {
	after := strings.TrimLeft(r.rest, "`")
	ticks := r.rest[:len(r.rest)-len(after)]
	for from := 0; ; {
		n := strings.Index(after[from:], ticks)
		if n < 0 {
			r.take(len(ticks))
			return true
		}
		n += from
		more := len(after[n:]) - len(strings.TrimLeft(after[n:], "`"))
		if more == len(ticks) {
			words := after[:n]
			if strings.HasPrefix(words, " ") && strings.HasSuffix(words, " ") && strings.TrimSpace(words) != "" {
				words = words[1 : len(words)-1]
			}
			r.add(after[n+more:], Span{Style: Typed, Words: words})
			return true
		}
		from = n + more
	}
}

// tag reads an address between angle brackets, a tag of HTML, or a comment. Of tags only the
// end of a line counts.
func (r *spanReader) tag() bool {
	if after, ok := strings.CutPrefix(r.rest, "<!--"); ok {
		_, after, ok = strings.Cut(after, "-->")
		if ok {
			r.rest = after
		}
		return ok
	}
	inside, after, ok := strings.Cut(r.rest[1:], ">")
	switch {
	case !ok:
		return false
	case inside == "br" || inside == "br/" || inside == "br /":
		r.add(after, Span{Style: Break})
		return true
	case strings.HasPrefix(inside, "https://") || strings.HasPrefix(inside, "http://"):
		r.plain.WriteString(inside)
		r.rest = after
		return true
	case isTagName(inside):
		r.rest = after
		return true
	}
	return false
}

// styled reads words that are strong or emphasised.
func (r *spanReader) styled() bool {
	mark, style := r.rest[:1], Emphasis
	if strings.HasPrefix(r.rest[1:], mark) {
		mark, style = r.rest[:2], Strong
	}
	before := r.plain.String()
	if mark[0] == '_' && before != "" && !strings.ContainsAny(before[len(before)-1:], " (\"") {
		return false // within a word
	}
	inside, after, ok := cutStyled(r.rest[len(mark):], mark)
	if !ok {
		return false
	}
	more := spans(inside)
	for i := range more {
		if more[i].Style == Plain && more[i].URL == "" {
			more[i].Style = style
		}
	}
	r.add(after, more...)
	return true
}

// cutStyled cuts words at the mark that ends their style. Marks between backticks end none.
func cutStyled(s, mark string) (inside, after string, ok bool) {
	if s == "" || s[0] == ' ' || s[0] == mark[0] {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '`':
			if n := strings.IndexByte(s[i+1:], '`'); n >= 0 {
				i += n + 1
			}
		case len(mark) == 1 && strings.HasPrefix(s[i:], mark+mark):
			i++
		case s[i-1] != ' ' && strings.HasPrefix(s[i:], mark):
			return s[:i], s[i+len(mark):], true
		}
	}
	return "", "", false
}

// cutLink cuts [text](url) off.
func cutLink(s string) (text, url, after string, ok bool) {
	if !strings.HasPrefix(s, "[") {
		return "", "", "", false
	}
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '`':
			if n := strings.IndexByte(s[i+1:], '`'); n >= 0 {
				i += n + 1
			}
		case '[':
			depth++
		case ']':
			if depth--; depth > 0 {
				continue
			}
			if !strings.HasPrefix(s[i+1:], "(") {
				return "", "", "", false
			}
			url, after, ok = strings.Cut(s[i+2:], ")")
			return s[1:i], strings.TrimSpace(url), after, ok && url != ""
		}
	}
	return "", "", "", false
}

// entity reads a character by its name.
func (r *spanReader) entity() bool {
	names := []string{"&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`, "&nbsp;", " "}
	for pair := range slices.Chunk(names, 2) {
		if rest, ok := strings.CutPrefix(r.rest, pair[0]); ok {
			r.plain.WriteString(pair[1])
			r.rest = rest
			return true
		}
	}
	return false
}
