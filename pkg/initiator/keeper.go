package initiator

import "slices"

// A keeper makes targets that stay valid of those of batches: their names share
// memory, and so do the addresses of neighbours that have the same.
type keeper struct {
	texts  texts
	shared []TargetAddress // of the last target
}

// keep returns a target of a batch.
func (k *keeper) keep(b *Batch, i int) Target {
	if addresses := b.Addresses(i); !slices.Equal(k.shared, addresses) {
		k.shared = slices.Clip(slices.Clone(addresses)) // without room: who appends makes a copy
	}
	return Target{Name: k.texts.string(b.Name(i)), Alias: k.texts.string(b.Alias(i)), Addresses: k.shared}
}
