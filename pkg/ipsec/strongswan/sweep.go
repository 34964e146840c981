package strongswan

import "context"

// sweep takes out of charon what processes of ours left there that are no more.
// It does so once, when the first connection is prepared.
func (e *Enforcer) sweep(ctx context.Context, d daemon) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.swept {
		return nil
	}
	names, err := d.ours(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if o, ok := ownerOf(name); !ok || !o.gone() {
			continue
		}
		// What is left might have a key with the ends of our connection.
		if err := d.forget(ctx, name); err != nil {
			return err
		}
	}
	e.swept = true
	return nil
}
