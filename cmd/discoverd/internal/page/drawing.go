package page

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
)

// The measures of a drawing, in units of its viewBox, which are pixels at full size.
const (
	boxHeight = 30
	boxGap    = 14
	boxMin    = 120
	between   = 210 // columns, for the lines
	letter    = 7.3 // of the monospaced font at 12 pixels
	maxText   = 48  // letters in a box
)

// A drawing is the picture of one target: ports, portals and groups beside each other,
// and the paths between them as lines.
type drawing struct {
	Width, Height int
	Boxes         []box
	Lines         []line
	Label         string // the picture in words
}

// A box is a port, a portal or a group.
type box struct {
	X, Y, Width, Height int
	TextX, TextY        int
	Text, Dim, Title    string
}

// A line is a path.
type line struct{ Class, Path string }

// newDrawing lays the picture of a target out.
func newDrawing(pic *paths.Picture) drawing {
	var columns [3][]box
	for i := range pic.Ports {
		r := newRowView(&pic.Ports[i])
		columns[0] = append(columns[0], newBox(r.Label, strings.TrimSpace(r.Where+" "+r.State)))
	}
	for i := range pic.Portals {
		columns[1] = append(columns[1], newBox(portalText(pic.Portals[i].Portal), ""))
	}
	for i := range pic.Groups {
		columns[2] = append(columns[2], newBox(groupText(pic, i), ""))
	}
	d := drawing{}
	for _, c := range columns {
		d.Height = max(d.Height, len(c)*(boxHeight+boxGap)+boxGap)
	}
	x := 1
	for _, c := range columns {
		width := boxMin
		for i := range c {
			width = max(width, int(letter*float64(utf8.RuneCountInString(c[i].Text+c[i].Dim)+1))+26)
		}
		for i := range c { // spread over the height
			pitch := float64(d.Height) / float64(len(c))
			c[i].X, c[i].Y = x, int(pitch*(float64(i)+0.5))-boxHeight/2
			c[i].Width, c[i].Height = width, boxHeight
			c[i].TextX, c[i].TextY = x+12, c[i].Y+boxHeight/2+4
		}
		x += width + between
		d.Boxes = append(d.Boxes, c...)
	}
	d.Width = x - between + 1
	seen := 0
	for i := range pic.Links {
		l := &pic.Links[i]
		if l.Seen {
			seen++
		}
		d.Lines = append(d.Lines, newLine(&columns[0][l.Port], &columns[1][l.Portal], l.Seen))
	}
	for i := range pic.Portals {
		if g := pic.Portals[i].Group; g >= 0 {
			d.Lines = append(d.Lines, newLine(&columns[1][i], &columns[2][g], pic.Portals[i].Seen))
		}
	}
	d.Label = fmt.Sprintf("%s lead from %s to %s in %s; %d more are advertised and not seen. The table below says which.",
		plural(seen, "path"), plural(len(pic.Ports), "port"), plural(len(pic.Portals), "portal"), plural(len(pic.Groups), "group"), len(pic.Links)-seen)
	return d
}

// newBox makes a box whose text is not too long.
func newBox(text, dim string) box {
	b := box{Text: text, Dim: dim}
	if utf8.RuneCountInString(text+dim) > maxText {
		b.Title = strings.TrimSpace(text + " " + dim)
		b.Text, b.Dim = clip(text, maxText), clip(dim, max(0, maxText-utf8.RuneCountInString(text)))
	}
	return b
}

// clip shortens a text to a number of letters.
func clip(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	if most < 2 {
		return ""
	}
	return string(r[:most-1]) + "…"
}

// newLine leads from the right edge of a box to the left edge of another.
func newLine(a, b *box, seen bool) line {
	x1, y1, x2, y2 := a.X+a.Width, a.Y+a.Height/2, b.X, b.Y+b.Height/2
	mid := (x1 + x2) / 2
	l := line{Class: "x", Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, mid, y1, mid, y2, x2, y2)}
	if seen {
		l.Class = "l"
	}
	return l
}
