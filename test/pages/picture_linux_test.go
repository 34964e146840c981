package pages

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var writePicture = flag.Bool("write-picture", false, "write docs/terminal.svg instead of comparing it")

// pictureLines are the command lines of the picture in README.md.
var pictureLines = []string{
	"discover scan 192.0.2.10",
	"discover scan --open 192.0.2.8/29",
	"discover scan --initiator-port each 198.51.100.10",
}

// TestPicture: docs/terminal.svg shows what the command prints. scripts/picture writes it.
func TestPicture(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	p := &picture{}
	for _, line := range pictureLines {
		p.add("$ "+line, "c")
		var out bytes.Buffer
		cmd := l.command(t, line)
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS}
		var exit *exec.ExitError
		if err := l.host.Run(cmd); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), elided) || masked(out.String()) != strings.TrimRight(blanks.ReplaceAllString(out.String(), "  "), " ") {
			t.Errorf("$ %s: got %s, want nothing in the picture that differs from run to run", line, out.String())
		}
		for text := range strings.Lines(out.String()) {
			class := "o"
			if strings.HasPrefix(text, "discover: ") {
				class = "e"
			}
			p.add(strings.TrimRight(text, "\n"), class)
		}
	}
	path := filepath.Join(root, "docs", "terminal.svg")
	if *writePicture {
		if err := os.WriteFile(path, p.svg(), 0o644); err != nil { //nolint:gosec // all may read it
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(path); err != nil || !bytes.Equal(want, p.svg()) {
		t.Errorf("docs/terminal.svg (%v) is not what the commands print now, which is:\n%s\nrun scripts/picture", err, p.text())
	}
}

// A picture is the text of a terminal, with a class of the style sheet for each line.
type picture struct {
	lines, classes []string
}

// The sizes of a picture: columns are characters, the others are in pixels.
const (
	columns    = 100
	charWidth  = 8
	lineHeight = 19
	margin     = 16
)

// add adds a line of text, which goes on in the next line of the screen where it is too
// long.
func (p *picture) add(text, class string) {
	for rest := []rune(text); ; {
		n := min(len(rest), columns)
		p.lines, p.classes = append(p.lines, string(rest[:n])), append(p.classes, class)
		if rest = rest[n:]; len(rest) == 0 {
			return
		}
	}
}

func (p *picture) text() string { return strings.Join(p.lines, "\n") }

// pictureHead is an SVG document up to its lines of text: its style is for light and dark,
// and it refers to nothing outside.
const pictureHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="title desc">
<title id="title">discover in a terminal</title>
<desc id="desc">Three commands and what they print: the targets of a portal, the hosts of a network that speak iSCSI, and which network port sees which targets.</desc>
<style>
  .frame { fill: #ffffff; stroke: #d0d7de }
  text { font: 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #1f2328 }
  .c { font-weight: bold }
  .e { fill: #9a3412 }
  @media (prefers-color-scheme: dark) {
    .frame { fill: #0d1117; stroke: #3d444d }
    text { fill: #e6edf3 }
    .e { fill: #ffb77c }
  }
</style>
<rect class="frame" x="0.5" y="0.5" width="%[3]d" height="%[4]d" rx="8"/>
`

// svg returns the picture as an SVG document. Each line has the length that its characters have
// on a terminal, whatever font there is.
func (p *picture) svg() []byte {
	width, height := columns*charWidth+2*margin, len(p.lines)*lineHeight+2*margin
	b := fmt.Appendf(nil, pictureHead, width, height, width-1, height-1)
	for i, line := range p.lines {
		b = fmt.Appendf(b, `<text class="%s" x="%d" y="%d" textLength="%d" xml:space="preserve">`,
			p.classes[i], margin, margin+(i+1)*lineHeight-5, len([]rune(line))*charWidth)
		var text bytes.Buffer
		_ = xml.EscapeText(&text, []byte(line)) // a buffer takes all
		b = append(append(b, text.Bytes()...), "</text>\n"...)
	}
	return append(b, "</svg>\n"...)
}
