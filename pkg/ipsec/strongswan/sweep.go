package strongswan

import (
	"context"
	"slices"
)

// sweep takes out of charon what processes of ours left there that are no more,
// when the first connection is prepared; and what this one could not take out when
// it should have, before the next connection is.
func (e *Enforcer) sweep(ctx context.Context, d daemon) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.swept && len(e.leftovers) == 0 {
		return nil
	}
	names, err := d.ours(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if o, _ := ownerOf(name); !o.gone() && !slices.Contains(e.leftovers, name) {
			continue
		}
		// What is left might have a key with the ends of our connection.
		if err := d.forget(ctx, name); err != nil {
			return err
		}
	}
	e.swept, e.leftovers = true, nil
	return nil
}

// leave has the next sweep take a connection of this process out.
func (e *Enforcer) leave(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leftovers = append(e.leftovers, name)
}
