package fleetverbs

import (
	"context"
	"sync"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A reading is a fleet that is read.
type reading struct {
	*view.Reader
	view *view.View // as it was read first
}

// withClient connects to the etcd of the flags.
func (c *command) withClient(ctx context.Context, use func(*clientv3.Client) error) error {
	if err := c.fleet.Understand(ctx, &c.Env); err != nil {
		return err
	}
	c.fleet.SayExposed(c.Say)
	client, err := c.fleet.Dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // all was done
	c.Log().Info("etcd", "endpoints", client.Endpoints(), "fleet", c.fleet.Name)
	return use(client)
}

// withFleet reads the fleet of the flags and hands it over. What one has to know before
// believing it is said.
func (c *command) withFleet(ctx context.Context, use func(*reading) error) error {
	return c.withClient(ctx, func(client *clientv3.Client) error {
		r := &reading{Reader: view.NewReader(client, c.fleet.Keys())}
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		defer running.Wait()
		defer cancel()
		var err error
		if r.view, err = first(ctx, r.Reader); err != nil {
			return err
		}
		c.note(r.view)
		return use(r)
	})
}

// note says what is to be known of a view.
func (c *command) note(v *view.View) {
	for _, n := range fleetview.Notes(v, time.Now()) {
		c.Say("warning: %s", n)
	}
}

// first waits until the fleet was read, or cannot be.
func first(ctx context.Context, r *view.Reader) (*view.View, error) {
	for {
		changed := r.Changed()
		v := r.View()
		switch {
		case !v.AsOf.IsZero():
			return v, nil
		case v.Err != nil:
			return nil, v.Err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-changed:
		}
	}
}

// answers returns lists of targets, for view.Diff and fleetview.Targets.
func (r *reading) answers(ctx context.Context) func(fleet.Digest) ([]target.Target, error) {
	return func(d fleet.Digest) ([]target.Target, error) { return r.Answer(ctx, d) }
}

// fleetListing returns a list that begins with which fleet it is of. On a terminal it fits.
func (c *command) fleetListing(name, kind string, head []string, v *view.View) (*render.Listing, error) {
	l := c.NewListing(name, kind, head...)
	c.fit(l)
	return l, l.Describe(noun, fleetview.NewJSONFleetHead(c.fleet.Name, v))
}

// fit makes a list fit into the terminal.
func (c *command) fit(l *render.Listing) {
	if l.Width, l.Ellipsis = c.Terminal(c.Stdout), "..."; c.IsUTF8() {
		l.Ellipsis = "…"
	}
}

// reads returns the RunE of a verb that reads the fleet.
func (c *command) reads(show func(ctx context.Context, r *reading) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		return c.withFleet(cmd.Context(), func(r *reading) error { return show(cmd.Context(), r) })
	}
}

// selects is reads for a verb that takes portals.
func (c *command) selects(s *selection, show func(ctx context.Context, r *reading) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := s.understand(args); err != nil {
			return err
		}
		return c.reads(show)(cmd, args)
	}
}
