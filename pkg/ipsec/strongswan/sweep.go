package strongswan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// sweep takes out of charon what processes of ours left there that are no more,
// or that cannot be seen and have no lease any more, when the first connection is
// prepared; and what this process could not take out when it should have, before
// the next connection is. What was taken out is told.
func (e *Enforcer) sweep(ctx context.Context, d *daemon) error {
	e.charon()
	leave, err := enter(ctx, e.sweeping)
	if err != nil {
		return err
	}
	defer leave()
	leftovers, due := e.due()
	if !due {
		return nil
	}
	names, err := d.ours(ctx)
	if err != nil {
		return err
	}
	var out []string
	defer func() { e.tellSwept(out) }()
	for _, name := range names {
		if o, _ := ownerOf(name); !o.state().dead() && !slices.Contains(leftovers, name) {
			continue
		}
		// What is left might have a key with the ends of our connection.
		if err := d.forget(ctx, name); err != nil {
			return err
		}
		out = append(out, name)
	}
	e.done(leftovers)
	return nil
}

// due returns what this process left in charon; due is false where nothing is to
// be swept.
func (e *Enforcer) due() (leftovers []string, due bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.leftovers), !e.swept || len(e.leftovers) > 0
}

// done notes that charon was swept, and of what.
func (e *Enforcer) done(leftovers []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.swept = true
	e.leftovers = slices.DeleteFunc(e.leftovers, func(name string) bool { return slices.Contains(leftovers, name) })
}

// maxTold is how many names are told.
const maxTold = 8

// tellSwept tells what was taken out.
func (e *Enforcer) tellSwept(names []string) {
	if len(names) == 0 {
		return
	}
	more := ""
	if n := len(names) - maxTold; n > 0 {
		names, more = names[:maxTold], fmt.Sprintf(" and %d more", n)
	}
	e.tell(enforce.WarnSwept, "removed from charon what earlier discoveries left there, with keys and associations: "+strings.Join(names, ", ")+more)
}

// tell tells what concerns no portal in particular.
func (e *Enforcer) tell(code ipsec.WarningCode, message string) {
	if e.Warn != nil {
		e.Warn(ipsec.Warning{Code: code, Message: message})
	}
}

// leave has the next sweep take a connection of this process out.
func (e *Enforcer) leave(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leftovers = append(e.leftovers, name)
}

// A Leftover is something of ours in charon: a connection, with its key and its
// associations.
type Leftover struct {
	Name    string
	Owner   string // the process: "alive", "gone", "expired" (not known, and its lease is over) or "unknown"
	Removed bool
	Err     error // a *LeftoverError: why it was not
}

// Due reports whether Cleanup takes it out.
func (l *Leftover) Due(all bool) bool {
	state := ownerState(l.Owner)
	return state.dead() || all && state == ownerUnknown
}

// Cleanup takes out of charon what discoveries left there that were not able to:
// what belongs to processes that are no more, and to those that cannot be seen and
// had a lease of an hour that is over; with all, to any that cannot be seen. What
// belongs to a living process stays. With dry, all stays. It
// returns all that is there of ours. The error, an *ipsec.ConfigureError, is that
// of a charon that does not tell.
func (e *Enforcer) Cleanup(ctx context.Context, all, dry bool) ([]Leftover, error) {
	d := e.charon()
	names, err := d.ours(ctx)
	if err != nil {
		return nil, failed(err)
	}
	list := make([]Leftover, 0, len(names))
	for _, name := range names {
		o, _ := ownerOf(name)
		l := Leftover{Name: name, Owner: string(o.state())}
		if !dry && l.Due(all) {
			l.Err = d.forget(ctx, name)
			l.Removed = l.Err == nil
		}
		list = append(list, l)
	}
	return list, nil
}
