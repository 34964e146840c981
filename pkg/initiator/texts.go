package initiator

import "strings"

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
