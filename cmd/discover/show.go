package main

import (
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// newListing returns a listing. What it writes it writes at once: a list of the
// registry has an end.
func (c *Command) newListing(name, kind string, head ...string) *render.Listing {
	return &render.Listing{
		W: c.Stdout, Format: c.global.Output, DryRun: c.global.DryRun, Would: "nothing is stored, and nothing is sent",
		Name: name, Kind: kind, Columns: render.Columns{W: c.Stdout, Head: head},
	}
}

// failure answers with what a verb could not do, and returns the exit status.
func (c *Command) failure(errs ...error) error {
	l := c.newListing("results", "portal")
	l.Would = "" // it did not come so far
	for _, err := range errs {
		switch c.global.Output {
		case render.FormatJSON, render.FormatJSONL:
			if err := l.Item(render.NewJSONFailure(err)); err != nil {
				return err
			}
		default:
			c.say("%s", machine.WithoutPackage(err))
		}
	}
	if err := l.End(); err != nil {
		return err
	}
	return machine.StatusError(machine.ExitFailed)
}

// done answers that something was changed, or in a dry run would be: for people
// by a line.
func (c *Command) done(name string, j any, format string, args ...any) error {
	if c.forPeople() {
		if c.global.DryRun {
			format = "dry run: would have " + format
		}
		_, err := fmt.Fprintln(c.Stdout, machine.Visible(fmt.Sprintf(format, args...)))
		return err
	}
	l := c.newListing(name, name)
	if err := l.Item(j); err != nil {
		return err
	}
	return l.End()
}

// newOutput returns the output of a format. notes takes lines for people that
// are no results; before each of them, flush has what was written seen.
func (c *Command) newOutput(w *render.Stream) render.Output {
	names := &machine.InterfaceNames{List: c.Interfaces}
	notes := &render.Notes{Say: c.say, Flush: w.Flush}
	switch c.global.Output {
	case render.FormatJSON:
		return render.NewJSONOutput(w, names, c.Room.Collected)
	case render.FormatJSONL:
		return render.NewJSONLOutput(w, names)
	case render.FormatISCSIADM:
		return render.NewISCSIADMOutput(w, notes)
	}
	return render.NewTableOutput(w, notes, c.askedAs())
}

// askedAs returns what tells people as whom portals are asked, where people read.
func (c *Command) askedAs() render.AskedAs {
	a := render.AskedAs{InRow: func() bool { return c.Terminal(c.Stdout) > 0 }}
	if c.line != nil && c.line.Columns() > 0 {
		a.SayOnce = c.sayOnce
	}
	return a
}

func (c *Command) newWhole() *render.Whole {
	w := render.NewStream(c.Stdout, nil)
	return &render.Whole{Output: c.newOutput(w), W: w}
}

// logResult is for -v.
func (c *Command) logResult(r *initiator.Result) {
	if !c.global.Verbose {
		return
	}
	args := []any{"portal", r.Portal.Portal.String(), "address", r.Address, "source", r.Source, "targets", r.TargetsFound, "elapsed", r.Elapsed}
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
		errors.As(r.Err, &e)
		args = append(args, "stage", e.Stage.String(), "error", machine.WithoutPackage(r.Err))
	}
	c.log().Info("portal done", args...)
}
