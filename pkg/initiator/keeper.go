package initiator

import (
	"slices"
	"strings"
)

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

// Texts makes strings, many in one piece of memory.
type texts struct {
	piece strings.Builder
	size  int // of the next piece
}

// The sizes of pieces, in bytes. A string that is kept holds its piece.
const (
	firstPiece   = 512
	largestPiece = 16 << 10
)

func (t *texts) string(v []byte) string {
	if len(v) == 0 {
		return ""
	}
	if t.piece.Cap()-t.piece.Len() < len(v) {
		t.size = min(max(2*t.size, firstPiece), largestPiece)
		t.piece = strings.Builder{}
		t.piece.Grow(max(t.size, len(v)))
	}
	n := t.piece.Len()
	t.piece.Write(v)
	return t.piece.String()[n:]
}
