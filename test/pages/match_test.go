package pages

import (
	"regexp"
	"slices"
	"strings"
)

// elided stands in a page for any lines, or within a line for any text.
const elided = "…"

// masks are what differs from run to run, and what takes its place in a page and in what
// a command prints. None of them matches a name, a number of targets or a word.
var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`), "‹time›"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d\.\d{6}\b`), "‹clock›"},
	{regexp.MustCompile(`\b(\d+[smhd] ago|just now)\b`), "‹age›"},
	{regexp.MustCompile(`\b(\d+d \d\d:\d\d|\d\d:\d\d:\d\d)\b`), "‹since›"},
	{regexp.MustCompile(`"elapsed_ms":[\d.]+`), `"elapsed_ms":‹ms›`},
	{regexp.MustCompile(`"(resolve|secure|connect|login|discover)":[\d.]+`), `"$1":‹ms›`},
	{regexp.MustCompile(`\bISID=[0-9a-f]{12}\b`), "ISID=‹isid›"},
	{regexp.MustCompile(`\bTSIH=[1-9]\d*\b`), "TSIH=‹tsih›"},
	{regexp.MustCompile(`\bSPI 0x[0-9a-f]{8} 0x[0-9a-f]{8}\b`), "SPI ‹spi›"},
	{regexp.MustCompile(`\b\d+ bytes out, \d+ in\b`), "‹n› bytes out, ‹n› in"},
	{regexp.MustCompile(`:(3[3-9]\d{3}|[45]\d{4}|6[0-5]\d{3})\b`), ":‹port›"},
	{regexp.MustCompile(`\bfe80::[0-9a-f]{1,4}:[0-9a-f]{1,4}ff:fe[0-9a-f]{2}:[0-9a-f]{1,4}\b`), "fe80::‹id›"},
	{regexp.MustCompile(`\bgo1\.\d+(\.\d+)?\b`), "‹go›"},
	{regexp.MustCompile(`\bv\d+\.\d+\.\d+(-[\w.+-]+)?\b`), "‹version›"},
	{regexp.MustCompile(`\b\d+\.\d{9}\b`), "‹seconds›"}, // of tshark
}

// blanks are columns of a table, the width of which is that of what was masked.
var blanks = regexp.MustCompile(` {2,}`)

// masked returns a line as it is compared.
func masked(line string) string {
	for _, m := range masks {
		line = m.pattern.ReplaceAllString(line, m.by)
	}
	return strings.TrimRight(blanks.ReplaceAllString(line, "  "), " ")
}

// lines returns the lines that are not empty, masked.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = masked(strings.TrimRight(line, "\r\n")); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// sameLine reports whether a line of a page says what was printed.
func sameLine(want, got string) bool {
	parts := strings.Split(want, elided)
	if len(parts) == 1 {
		return want == got
	}
	if !strings.HasPrefix(got, parts[0]) || !strings.HasSuffix(got, parts[len(parts)-1]) {
		return false
	}
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(`^` + strings.Join(quoted, ".*") + `$`).MatchString(got)
}

// A matcher holds a page against the two streams of a command. A page shows them as a
// terminal does, one between the other; which comes first where both are written at once
// is not the same in each run. So a page has to have all lines of each stream, in the
// order of that stream.
type matcher struct {
	want, out, errs []string
	known           map[[3]int]bool
	far             [3]int // how far it got: lines of want, out and errs
}

func match(want []string, stdout, stderr string) *matcher {
	m := &matcher{out: lines(stdout), errs: lines(stderr), known: make(map[[3]int]bool)}
	for _, line := range want {
		m.want = append(m.want, masked(line))
	}
	return m
}

// same reports whether the page says what was printed.
func (m *matcher) same() bool { return m.from([3]int{}) }

// from reports whether the rest of the page says the rest of what was printed.
func (m *matcher) from(at [3]int) (same bool) {
	if same, ok := m.known[at]; ok {
		return same
	}
	defer func() { m.known[at] = same }()
	if at[0] > m.far[0] {
		m.far = at
	}
	w, o, e := at[0], at[1], at[2]
	if w == len(m.want) {
		return o == len(m.out) && e == len(m.errs)
	}
	any := strings.TrimSpace(m.want[w]) == elided
	if any && m.from([3]int{w + 1, o, e}) {
		return true
	}
	step := 1
	if any {
		step = 0 // it may stand for more lines
	}
	return o < len(m.out) && (any || sameLine(m.want[w], m.out[o])) && m.from([3]int{w + step, o + 1, e}) ||
		e < len(m.errs) && (any || sameLine(m.want[w], m.errs[e])) && m.from([3]int{w + step, o, e + 1})
}

// showsError reports whether the page has a line of standard error: one that does not
// stand for any.
func (m *matcher) showsError() bool {
	return slices.ContainsFunc(m.want, func(line string) bool {
		return strings.TrimSpace(line) != elided && slices.ContainsFunc(m.errs, func(err string) bool { return sameLine(line, err) })
	})
}

// difference says where the page and what was printed part.
func (m *matcher) difference() string {
	var b strings.Builder
	w, o, e := m.far[0], m.far[1], m.far[2]
	show := func(title string, lines []string) {
		for i, line := range lines {
			if i == 3 {
				line = elided
			}
			if i <= 3 {
				b.WriteString("\n  " + title + line)
			}
		}
	}
	show("page:   ", m.want[w:])
	show("stdout: ", m.out[o:])
	show("stderr: ", m.errs[e:])
	return b.String()
}
