package target

import "strings"

// A slab keeps many short texts in few pieces of memory, in which there is nothing
// for the garbage collector to look at. What is in it neither moves nor changes.
type slab struct {
	full  []string        // the pieces that take no more
	last  strings.Builder // the one that does
	bytes int             // of memory, in all pieces
}

// A slabRef is where a text begins: the number of its piece, and where in that.
type slabRef uint32

// slabBits are those of a slabRef that say where in a piece; no text of a piece
// begins beyond them.
const slabBits = 16

// The sizes of pieces, in bytes. A text that is larger has a piece of its own.
const (
	firstSlab   = 128
	largestSlab = 1 << slabBits
)

// add keeps a copy of a text.
func (s *slab) add(text []byte) slabRef {
	if s.last.Cap()-s.last.Len() < len(text) || s.last.Len() >= largestSlab {
		s.begin(len(text))
	}
	at := slabRef(len(s.full)<<slabBits | s.last.Len())
	s.last.Write(text)
	return at
}

// begin begins a piece that has room for n bytes.
func (s *slab) begin(n int) {
	before := s.last.Cap()
	if before > 0 {
		s.full = append(s.full, s.last.String())
	}
	s.last = strings.Builder{}
	s.last.Grow(max(n, min(max(2*before, firstSlab), largestSlab)))
	s.bytes += s.last.Cap()
}

// at returns what begins there, to the end of its piece.
func (s *slab) at(ref slabRef) string {
	piece, from := int(ref>>slabBits), ref&(1<<slabBits-1)
	if piece == len(s.full) {
		return s.last.String()[from:]
	}
	return s.full[piece][from:]
}

// takeLength reads a length, as encoding/binary writes a number, and returns what
// follows it.
func takeLength(s string) (n int, rest string) {
	for shift := 0; ; shift += 7 {
		c := s[0]
		s = s[1:]
		if n |= int(c&0x7f) << shift; c < 0x80 {
			return n, s
		}
	}
}
