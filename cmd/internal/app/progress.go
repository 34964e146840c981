package app

import (
	"cmp"
	"context"
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// NewProgress returns the progress of a run by d over so many portals; 0: it is not known
// how many. sessions is nil where each portal has one. It is nil where standard error is no
// terminal on which a line can change.
func (c *Command) NewProgress(d *initiator.Discoverer, portals int, sessions *sweep.Sessions) *sweep.Progress {
	if !c.Line.CanChange() {
		return nil
	}
	most, _ := c.Connecting(d)
	pace := sweep.Pace{Connecting: most, Connect: d.ConnectTimeout, Login: d.LoginTimeout, Portal: cmp.Or(d.Timeout, initiator.DefaultTimeout)}
	return sweep.NewProgress(c.Line, portals, pace, d, sessions)
}

// Probing is what a run waits for whose portals are done.
const Probing = "trying the addresses of the targets"

// withProgress calls use, and shows on a terminal meanwhile what is waited for that d asks.
func (c *Command) withProgress(ctx context.Context, d *initiator.Discoverer, use func() error) error {
	p := c.NewProgress(d, 0, nil)
	if p == nil {
		return use()
	}
	found := d.Found
	d.Found = func(b *initiator.Batch) {
		if p.Found(b); found != nil {
			found(b)
		}
	}
	// What the verb prints goes beside the line, and is on the same terminal as before.
	stdout, terminal := c.Stdout, c.Terminal
	if terminal(stdout) > 0 {
		beside := p.Beside(stdout)
		c.Stdout = beside
		c.Terminal = func(w io.Writer) int {
			if w == beside {
				w = stdout
			}
			return terminal(w)
		}
	}
	c.Progress = p
	defer func() {
		p.Stop()
		c.Progress, c.Stdout, c.Terminal = nil, stdout, terminal
	}()
	p.Show(ctx)
	return use()
}

// ExpectAll tells the progress, where there is one, that all portals of the registry are
// going to be asked.
func (c *Command) ExpectAll(ctx context.Context, s *registry.Service) {
	if c.Progress == nil {
		return
	}
	n := 0
	for range s.SendTargetPortals(ctx) {
		n++
	}
	c.Progress.Expect(n)
}
