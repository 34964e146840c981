package app

import (
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// NewListing returns a listing. What it writes it writes at once: a list of the
// registry has an end.
func (c *Command) NewListing(name, kind string, head ...string) *render.Listing {
	return &render.Listing{
		W: c.Stdout, Format: c.Global.Output, DryRun: c.Global.DryRun, Would: "nothing is stored, and nothing is sent",
		Name: name, Kind: kind, Columns: render.Columns{W: c.Stdout, Head: head},
	}
}

// failure answers with what a verb could not do, and returns the exit status.
func (c *Command) failure(errs ...error) error {
	l := c.NewListing("results", "portal")
	l.Would = "" // it did not come so far
	for _, err := range errs {
		switch c.Global.Output {
		case render.FormatJSON, render.FormatJSONL:
			if err := l.Item(jsonitem.NewFailure(err)); err != nil {
				return err
			}
		default:
			c.Say("%s", err)
		}
	}
	if err := l.End(); err != nil {
		return err
	}
	return exit.StatusError(exit.Failed)
}

// Done answers that something was changed, or in a dry run would be: for people
// by a line. name is that of the list in a document, and kind the type of a line: the
// one that the item has in the list of its kind.
func (c *Command) Done(name, kind string, j any, format string, args ...any) error {
	if c.ForPeople() {
		if c.Global.DryRun {
			format = "dry run: would have " + format
		}
		_, err := fmt.Fprintln(c.Stdout, terminal.Visible(fmt.Sprintf(format, args...)))
		return err
	}
	l := c.NewListing(name, kind)
	l.KindBefore = name // which was the type of these lines
	if err := l.Item(j); err != nil {
		return err
	}
	return l.End()
}

// NewOutput returns the output of a format. notes takes lines for people that
// are no results; before each of them, flush has what was written seen.
func (c *Command) NewOutput(w *stream.Stream) render.Output {
	names := &machine.InterfaceNames{List: c.Interfaces}
	notes := &render.Notes{Say: c.Say, Flush: w.Flush}
	switch c.Global.Output {
	case render.FormatJSON:
		return render.NewJSONOutput(w, names, c.Room.Collected)
	case render.FormatJSONL:
		return render.NewJSONLOutput(w, names)
	case render.FormatISCSIADM:
		return render.NewISCSIADMOutput(w, notes)
	}
	return render.NewTableOutput(w, notes, c.askedAs())
}

// askedAs returns the AskedAs for the terminals that this run writes to.
func (c *Command) askedAs() render.AskedAs {
	a := render.AskedAs{InRow: func() bool { return c.Terminal(c.Stdout) > 0 }}
	if c.Line != nil && c.Line.Columns() > 0 {
		a.SayOnce = c.sayOnce
	}
	return a
}

// NewWhole returns the output for results that come with their targets.
func (c *Command) NewWhole() *render.Whole {
	w := stream.New(c.Stdout, nil)
	return &render.Whole{Output: c.NewOutput(w), W: w}
}

// LogResult is for -v.
func (c *Command) LogResult(r *initiator.Result) {
	if !c.Global.Verbose {
		return
	}
	args := []any{"portal", r.Asked.Portal.String(), "address", r.Address, "source", r.Source, "targets", r.TargetsFound, "elapsed", r.Elapsed}
	if r.Auth.Method != "" {
		args = append(args, "auth", r.Auth.Method, "algorithm", r.Auth.Algorithm.String(), "target_proved", r.Auth.Mutual)
	}
	if r.IPsec.Why != "" {
		args = append(args, "ipsec", r.IPsec.Why, "exists", render.ExistsText(r.IPsec.Existing))
	}
	if r.Proof != nil {
		args = append(args, "proof", render.ProofText(r.Proof))
	}
	if r.Err != nil {
		var e *initiator.Error
		if errors.As(r.Err, &e) {
			args = append(args, "stage", e.Stage.String())
		}
		args = append(args, "error", r.Err.Error())
	}
	c.Log().Info("portal done", args...)
}

// Object shows one thing: in JSON a document with it, or a line; for people a
// row under its head, and in a dry run before that what the row is.
func (c *Command) Object(name string, j any, would string, head, row []string) error {
	l := c.NewListing(name, name, head...)
	l.Would = would
	if c.Global.Output != render.FormatJSON {
		if err := l.Item(j, row); err != nil {
			return err
		}
		return l.End()
	}
	b, err := jsonitem.Marshal(map[string]any{name: j})
	if err != nil {
		return err
	}
	begin := `{"version":1,` // first, as in the document of a list
	if c.Global.DryRun {
		begin += `"dry_run":true,`
	}
	_, err = c.Stdout.Write(append([]byte(begin), b[1:]...))
	return err
}
