package target

import (
	"slices"
	"strings"
)

// A Keeper copies targets of lists, so that they stay valid: their names share pieces of
// memory, and neighbours with the same addresses share these.
type Keeper struct {
	texts  interner
	shared []Address // of the last target
}

// Keep returns a target of a list.
func (k *Keeper) Keep(l *List, i int) Target {
	if addresses := l.Addresses(i); !slices.Equal(k.shared, addresses) {
		k.shared = slices.Clip(slices.Clone(addresses)) // without room: append makes a copy
	}
	return Target{Name: k.texts.intern(l.Name(i)), Alias: k.texts.intern(l.Alias(i)), Addresses: k.shared}
}

// An interner makes strings, many in one piece of memory.
type interner struct {
	piece strings.Builder
	size  int // of the next piece
}

// The sizes of pieces, in bytes. A string that is kept holds its piece.
const (
	firstPiece   = 512
	largestPiece = 16 << 10
)

func (t *interner) intern(v []byte) string {
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
