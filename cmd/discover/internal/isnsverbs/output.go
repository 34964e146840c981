package isnsverbs

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// An output shows the answers of servers.
type output struct {
	*app.Command
	adding bool            // say that a server is in the registry now
	list   *render.Listing // of the answers, for programs
	failed int             // servers that did not answer
}

func (c *command) newOutput() *output {
	return &output{Command: c.Command, list: c.NewListing("servers", "isns-answer")}
}

// result shows what came of asking a server.
func (o *output) result(r *registry.ISNSResult) error {
	if r.Err != nil {
		o.failed++
	}
	o.log(r)
	switch o.Global.Output {
	case render.FormatJSON:
		return o.list.Item(NewJSONAnswer(r, true))
	case render.FormatJSONL:
		if err := o.targetLines(r); err != nil {
			return err
		}
		return o.list.Item(NewJSONAnswer(r, false))
	}
	var err error
	if o.Global.Output == render.FormatISCSIADM {
		err = o.lines(r)
	} else {
		err = o.table(r)
	}
	SayWarnings(o.Command, r)
	return err
}

// end ends the answer.
func (o *output) end() error { return o.list.End() }

// log is for -v.
func (o *output) log(r *registry.ISNSResult) {
	args := []any{"server", r.Server.Address.String(), "initiator_name", r.InitiatorName}
	if r.Answer != nil {
		args = append(args, "source", r.Answer.Source, "targets", len(r.Answer.Nodes), "complete", r.Answer.Complete)
	}
	if r.Err != nil {
		args = append(args, "error", r.Err.Error())
	}
	o.Log().Info("iSNS server done", args...)
}

// SayWarnings says to people what is odd about an answer, and why there is none.
func SayWarnings(c *app.Command, r *registry.ISNSResult) {
	if r.Answer != nil {
		for _, w := range r.Answer.Warnings {
			c.Say("warning: iSNS server %s: %s", r.Server.Address, w.Message)
		}
	}
	if r.Err != nil {
		c.Say("%s", r.Err)
	}
}

// targetLines writes the lines of the targets of an answer.
func (o *output) targetLines(r *registry.ISNSResult) error {
	if r.Answer == nil {
		return nil
	}
	l := o.NewListing("", "isns-target")
	for i := range r.Answer.Nodes {
		j := struct {
			Server jsonitem.Text `json:"server"`
			jsonNode
		}{jsonitem.Text(r.Server.Address.String()), newJSONNode(&r.Answer.Nodes[i], r.Answer)}
		if err := l.Item(j); err != nil {
			return err
		}
	}
	return nil
}

// lines prints the lines of -o iscsiadm.
func (o *output) lines(r *registry.ISNSResult) error {
	if r.Answer == nil {
		return nil
	}
	out := render.NewISCSIADMOutput(o.Stdout, nil)
	var b initiator.Batch
	for _, t := range r.Answer.Targets() {
		b.Add(&t)
	}
	if err := out.Targets(&b); err != nil {
		return err
	}
	if out.LeftOut > 0 {
		o.Say("%s: %s", r.Server.Address, render.AddressesLeftOut(out.LeftOut))
	}
	return out.HandOn()
}

// table shows an answer to people: a headline, and a row for each portal of each target.
func (o *output) table(r *registry.ISNSResult) error {
	if r.Answer == nil || r.Err != nil && len(r.Answer.Nodes) == 0 {
		return nil
	}
	stored, whom := "", ""
	if o.adding && r.Stored {
		stored = "stored; "
	}
	n := len(r.Answer.Nodes)
	if n == 0 {
		whom = ", asked as " + r.InitiatorName
	}
	if _, err := fmt.Fprintln(o.Stdout, terminal.Visible(heading(r)+": "+stored+summary(n, r.Err)+whom)); err != nil {
		return err
	}
	l := o.NewListing("", "", "  TARGET", "PORTAL", "NAME OF PORTAL", "SECURITY", "DOMAINS")
	for i := range r.Answer.Nodes {
		if err := l.Item(nil, nodeRows(&r.Answer.Nodes[i], r.Answer)...); err != nil {
			return err
		}
	}
	return l.End()
}

// heading names the server, and the address that answered where that is another.
func heading(r *registry.ISNSResult) string {
	asked, used := r.Server.Address.String(), r.Answer.Server.String()
	if asked != used {
		return asked + " (" + used + ")"
	}
	return asked
}

// summary counts the targets of an answer.
func summary(n int, err error) string {
	return render.Summary(n, &initiator.Result{Err: err})
}

// nodeRows shows a target to people.
func nodeRows(n *isns.Node, a *isns.Answer) (rows [][]string) {
	name := "  " + n.Name
	if n.Alias != "" {
		name += " " + render.QuoteForPeople(n.Alias)
	}
	domains := domainsText(n.Domains)
	if len(n.Portals) == 0 {
		return [][]string{{name, "(no portal)", "", "", domains}}
	}
	for _, p := range n.Portals {
		security := ""
		if p.Security != 0 {
			security = render.FlagsText(p.Security)
		}
		address := p.Seen(a.Server.Addr())
		rows = append(rows, []string{name, render.AddressText(address), p.Name, security, domains})
		name, domains = "", ""
	}
	return rows
}

// maxDomains is how many discovery domains of a target a row has.
const maxDomains = 5

// domainsText names discovery domains: by their names or, where the server told none, by
// their numbers.
func domainsText(all []isns.Domain) string {
	var names []string
	for i, d := range all {
		if i == maxDomains {
			names = append(names, fmt.Sprintf("and %d more", len(all)-maxDomains))
			break
		}
		if d.Name == "" {
			d.Name = fmt.Sprintf("ID %d", d.ID)
		}
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}
