package fleetverbs

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// watch returns the verb that prints what changes in the fleet.
func (c *command) watch() *cobra.Command {
	w := &watchVerb{command: c}
	cmd := &cobra.Command{
		Use: "watch [FLAGS]", Short: "print what changes in the fleet", Long: manualWatch,
		Args: flags.Arguments(0, 0, ""), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if c.Global.Output == render.FormatJSON {
			return exit.Usagef("-o json prints one document, but a watch has no end: use jsonl, of which each line is a document")
		}
		return exit.WatchError(cmd.Context(), c.reads(w.show)(cmd, args))
	}
	return cmd
}

// A watchVerb prints events.
type watchVerb struct {
	*command
	seq int64
}

// show prints events until ctx ends, which is no failure.
func (w *watchVerb) show(ctx context.Context, r *reading) error {
	teller := view.NewTeller(r.view)
	for {
		changed := r.Changed()
		before, after := teller.Last(), r.View()
		for _, e := range teller.Next(after) {
			if err := w.print(&e); err != nil {
				return err
			}
		}
		w.noteStale(before, after)
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// noteStale says when etcd goes away, and when it is back.
func (w *watchVerb) noteStale(before, after *view.View) {
	switch {
	case before.Stale.IsZero() && !after.Stale.IsZero():
		w.Say("warning: etcd does not answer since %s: %v; it is asked again and again", render.TimeText(after.Stale), after.Err)
	case !before.Stale.IsZero() && after.Stale.IsZero():
		w.Say("etcd answers again; what changed meanwhile follows")
	}
}

// print prints an event.
func (w *watchVerb) print(e *view.Event) error {
	w.seq++
	line := fleetview.EventLine(e)
	if !w.ForPeople() {
		b, err := jsonitem.Marshal(fleetview.NewJSONFleetEvent(e, w.seq))
		if err != nil {
			return err
		}
		line = string(b)
	}
	_, err := io.WriteString(w.Stdout, line)
	return err
}
