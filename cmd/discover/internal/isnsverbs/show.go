package isnsverbs

import (
	"fmt"
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// Parts are what the document of a scan has beside its results.
func (f *Found) Parts() []render.JSONPart {
	var servers jsonitem.List[*JSONAnswer]
	for i := range f.Results {
		servers = append(servers, NewJSONAnswer(&f.Results[i], false))
	}
	parts := []render.JSONPart{{Name: "isns_servers", Value: servers}, {Name: "differences", Value: jsonitem.List[Difference](f.All)}}
	if f.More > 0 {
		parts = append(parts, render.JSONPart{Name: "more_differences", Value: f.More})
	}
	return parts
}

// Show shows in the end, on w, what differs; for jsonl the servers as well.
func (f *Found) Show(c *app.Command, w io.Writer) error {
	switch c.Global.Output {
	case render.FormatJSON: // which has them as parts of its document
		return nil
	case render.FormatJSONL:
		return f.lines(c, w)
	case render.FormatISCSIADM:
		if n := len(f.All) + f.More; n > 0 {
			c.Say("%s; -o table shows what differs", f.count(n))
		}
		return nil
	}
	n := len(f.All) + f.More
	if f.judged == 0 && n == 0 {
		return nil // nothing was compared
	}
	if _, err := fmt.Fprintln(w, terminal.Visible(f.count(n))); err != nil {
		return err
	}
	l := &render.Listing{W: w, Columns: render.Columns{W: w, Head: []string{"  TARGET", "PORTAL", "DIFFERENCE"}}}
	for i := range f.All {
		d := &f.All[i]
		if err := l.Item(nil, []string{"  " + string(d.Target), string(d.Portal + d.Address), d.words()}); err != nil {
			return err
		}
	}
	if err := l.End(); err != nil || f.More == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "  and %d more\n", f.More)
	return err
}

// count says how many differences there are, from which servers.
func (f *Found) count(n int) string {
	var servers []string
	for i := range f.Results {
		servers = append(servers, f.Results[i].Server.Address.String())
	}
	from := " from iSNS server " + strings.Join(servers, ", ")
	var not []string
	if left := len(f.asked) - f.judged; left > 0 {
		not = append(not, wording.Plural(left, "portal", "portals")+" not compared: without a complete answer")
	}
	switch {
	case !f.uncertain:
	case len(servers) == 1:
		not = append(not, "what it does not name is not compared: its answer is not complete")
	default:
		not = append(not, "what they do not name is not compared: not all answers are complete")
	}
	if len(not) > 0 {
		from += " (" + strings.Join(not, "; ") + ")"
	}
	if n == 0 {
		return "no differences" + from
	}
	return wording.Plural(n, "difference", "differences") + from
}

// lines writes the lines of -o jsonl.
func (f *Found) lines(c *app.Command, w io.Writer) error {
	servers := c.NewListing("servers", "isns-answer")
	servers.W = w
	for i := range f.Results {
		if err := servers.Item(NewJSONAnswer(&f.Results[i], false)); err != nil {
			return err
		}
	}
	l := c.NewListing("differences", "difference")
	l.W = w
	for i := range f.All {
		if err := l.Item(&f.All[i]); err != nil {
			return err
		}
	}
	return nil
}
