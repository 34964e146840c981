package paths

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// Style is the style of all pictures, for light and dark and for paper. It holds within
// the picture alone, also where that stands in a page.
const Style = `.iscsi-paths{--bg:#fff;--ink:#1a1d21;--dim:#5c666e;--line:#e3e6e9;--soft:#f5f6f7;--ok:#1f7a4d;--few:#8a5d00;--failed:#b3261e;--none:#66707a;background:var(--bg);font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){.iscsi-paths{--bg:#15181b;--ink:#e6e9ec;--dim:#98a2ab;--line:#2b3137;--soft:#1c2024;--ok:#5cc490;--few:#e0b04a;--failed:#f2857d;--none:#98a2ab}}
@media print{.iscsi-paths{--bg:#fff;--ink:#000;--dim:#444;--line:#999;--soft:#fff;--ok:#000;--few:#000;--failed:#000;--none:#444}}
.iscsi-paths .bg{fill:var(--bg)}.iscsi-paths text{fill:var(--ink);white-space:pre}.iscsi-paths .d{fill:var(--dim)}.iscsi-paths .h{font-weight:600}
.iscsi-paths .ok{fill:var(--ok)}.iscsi-paths .few{fill:var(--few)}.iscsi-paths .failed{fill:var(--failed)}.iscsi-paths .unknown,.iscsi-paths .no-route{fill:var(--none)}
.iscsi-paths .g{stroke:var(--line)}.iscsi-paths .b{fill:var(--soft);stroke:var(--line)}
.iscsi-paths .l{stroke:var(--ok);stroke-width:1.6;fill:none}.iscsi-paths .x{stroke:var(--none);stroke-width:1.4;stroke-dasharray:4 4;fill:none}`

// The measures of a picture in its units, which are pixels unless it is scaled.
const (
	charWidth  = 7.3 // of a column of a text
	lineHeight = 24
	margin     = 16
	gap        = 16 // between two columns of a matrix
	mostWidth  = 1200
)

// textWidth returns how wide a text is.
func textWidth(s string) int { return int(charWidth*float64(column.Width(s))) + 1 }

// A drawing is an SVG document that is being made. It refers to nothing outside, and has
// no script.
type drawing struct {
	strings.Builder
	width, height int
}

// document returns the whole document. The title and the text are for those who do not see it.
func (d *drawing) document(title, text string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="iscsi-paths" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="iscsi-paths-title iscsi-paths-desc">
<title id="iscsi-paths-title">%s</title>
<desc id="iscsi-paths-desc">%s</desc>
<style>%s</style>
<rect class="bg" width="%d" height="%d"/>
%s</svg>
`, d.width, d.height, d.width, d.height, markup(title), markup(text), Style, d.width, d.height, d.String())
}

// text writes a text that begins at a place.
func (d *drawing) text(x, y int, class, s string) {
	if s == "" {
		return
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	fmt.Fprintf(d, `<text x="%d" y="%d"%s>%s</text>`+"\n", x, y, class, markup(s))
	d.width = max(d.width, x+textWidth(s)+margin)
}

// titled writes a text with another that is shown where a pointer is on it.
func (d *drawing) titled(x, y int, class, s, title string) {
	fmt.Fprintf(d, `<text x="%d" y="%d" class="%s">%s<title>%s</title></text>`+"\n", x, y, class, markup(s), markup(title))
	d.width = max(d.width, x+textWidth(s)+margin)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// markup makes a text from elsewhere one of the document: what cannot be seen is escaped,
// and nothing in it is markup.
func markup(s string) string { return escaper.Replace(terminal.Visible(s)) }
