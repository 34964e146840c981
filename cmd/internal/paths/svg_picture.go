package paths

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// The measures of the picture of a target.
const (
	boxHeight  = 28
	boxPadding = 12
	step       = 40  // from one box to the next
	between    = 200 // two columns of boxes
)

// A pillar is one column of boxes.
type pillar struct {
	x, width int
	y        []int // the middles of its boxes
}

// SVG returns the picture as an SVG document: ports, portals and portal groups from left
// to right. A solid line is a path that is seen, a dashed one is not.
func (p *Picture) SVG() string {
	d := &drawing{width: 2 * margin, height: margin}
	title := p.Name
	if p.Alias != "" {
		title += " " + wording.Quoted(terminal.Visible(p.Alias))
	}
	d.down(title, "h")
	d.down(p.Summary(), "d")
	top := d.height + lineHeight/2
	ports, portals, groups := p.pillars(top)
	for _, seen := range []bool{true, false} { // those that are not seen lie above the others
		for _, l := range p.Links {
			if l.Seen == seen {
				p.drawLink(d, ports, portals, &l)
			}
		}
	}
	for i := range p.Portals {
		if to := &p.Portals[i]; to.Group >= 0 {
			d.curve(class(to.Seen), portals.x+portals.width, portals.y[i], groups.x, groups.y[to.Group], "")
		}
	}
	text := Text{}
	for i := range p.Ports {
		d.box(ports, i, text.port(&p.Ports[i]))
	}
	for i := range p.Portals {
		d.box(portals, i, PortalText(p.Portals[i].Portal))
	}
	for i, tag := range p.Groups {
		d.box(groups, i, GroupText(tag))
	}
	d.height = top + step*max(len(ports.y), len(portals.y), len(groups.y))
	p.drawLegend(d)
	d.height += margin
	return d.document("Paths of "+p.Name, p.description())
}

// pillars places the boxes. Ports and groups stand in the middle of what they lead to.
func (p *Picture) pillars(top int) (ports, portals, groups *pillar) {
	text := Text{}
	var names [3][]string
	for i := range p.Ports {
		names[0] = append(names[0], text.port(&p.Ports[i]))
	}
	for i := range p.Portals {
		names[1] = append(names[1], PortalText(p.Portals[i].Portal))
	}
	for _, tag := range p.Groups {
		names[2] = append(names[2], GroupText(tag))
	}
	var all [3]*pillar
	x, most := margin, 0
	for i := range all {
		all[i] = &pillar{x: x, width: 2 * boxPadding}
		for _, s := range names[i] {
			all[i].width = max(all[i].width, textWidth(s)+2*boxPadding)
		}
		x += all[i].width + between
		most = max(most, len(names[i]))
	}
	for i := range all {
		n := len(names[i])
		for k := range n {
			// Boxes are spread over the height, each in the middle of its share.
			all[i].y = append(all[i].y, top+step*most*(2*k+1)/(2*n))
		}
	}
	return all[0], all[1], all[2]
}

// class is that of a line.
func class(seen bool) string {
	if seen {
		return "l"
	}
	return "x"
}

// drawLink draws a path from a port to a portal.
func (p *Picture) drawLink(d *drawing, ports, portals *pillar, l *Link) {
	title := p.Portals[l.Portal].Portal.String() + " from " + p.Ports[l.Port].Label() + ": seen"
	if !l.Seen {
		title = strings.TrimSuffix(title, "seen") + l.Why
	}
	d.curve(class(l.Seen), ports.x+ports.width, ports.y[l.Port], portals.x, portals.y[l.Portal], title)
}

// curve draws a line between two boxes.
func (d *drawing) curve(class string, x1, y1, x2, y2 int, title string) {
	if title != "" {
		title = "<title>" + markup(title) + "</title>"
	}
	middle := (x1 + x2) / 2
	fmt.Fprintf(d, `<path class="%s" d="M%d %dC%d %d %d %d %d %d">%s</path>`+"\n", class, x1, y1, middle, y1, middle, y2, x2, y2, title)
}

// box draws a box with a text in it.
func (d *drawing) box(p *pillar, i int, s string) {
	fmt.Fprintf(d, `<rect class="b" x="%d" y="%d" width="%d" height="%d" rx="5"/>`+"\n", p.x, p.y[i]-boxHeight/2, p.width, boxHeight)
	d.text(p.x+boxPadding, p.y[i]+4, "", column.Cut(s, 200, "…"))
	d.width = max(d.width, p.x+p.width+margin)
}

// drawLegend says what the lines mean.
func (p *Picture) drawLegend(d *drawing) {
	d.height += lineHeight
	x, y := margin, d.height-8
	for _, seen := range []bool{true, false} {
		words := "seen"
		if !seen {
			words = "advertised or expected, and not seen"
		}
		fmt.Fprintf(d, `<path class="%s" d="M%d %dh32"/>`+"\n", class(seen), x, y-4)
		d.text(x+40, y, "d", words)
		x += 40 + textWidth(words) + 2*gap
	}
}

// description is the picture in words.
func (p *Picture) description() string {
	parts := []string{p.Summary() + "."}
	for i := range p.Ports {
		var seen []string
		for _, l := range p.Links {
			if l.Port == i && l.Seen {
				seen = append(seen, p.Portals[l.Portal].Portal.String())
			}
		}
		if len(seen) > 0 {
			parts = append(parts, p.Ports[i].Label()+" sees it at "+strings.Join(seen, ", ")+".")
		}
	}
	for i := range p.Portals {
		if !p.Portals[i].Seen {
			parts = append(parts, p.Portals[i].Portal.String()+" is not seen.")
		}
	}
	return strings.Join(parts, " ")
}
