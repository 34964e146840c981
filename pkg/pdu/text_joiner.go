package pdu

import (
	"bytes"
	"iter"
)

// A Joiner yields the pairs of a text that arrives in pieces, cut anywhere: in
// a key, in a value, before a NUL. It keeps no more than the one pair that is
// not complete yet and the one before it, so a text of any length takes little
// memory. The zero value is ready to use.
type Joiner struct {
	rest []byte // the start of a pair whose NUL has not arrived
	done []byte // the pair that rest was before
	off  int    // bytes of the text before rest
}

// Add takes the next piece and yields the pairs that are complete with it. A
// pair is valid until the next call of Add, and until the memory of piece is
// used for something else. After an error the Joiner is of no more use, nor is
// it after a break.
func (j *Joiner) Add(piece []byte) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		if len(j.rest) > 0 {
			end := bytes.IndexByte(piece, 0)
			if end < 0 {
				end = len(piece)
			}
			if len(j.rest)+end > MaxKeyLen+1+MaxValueLen {
				yield(Pair{}, &TextError{Offset: j.off, Reason: "a pair that does not end"})
				return
			}
			j.rest = append(j.rest, piece[:end]...)
			if end == len(piece) {
				return
			}
			piece = piece[end+1:]
			// The pair stays valid while the next rest is collected.
			j.rest, j.done = j.done[:0], j.rest
			p, reason := splitPair(j.done)
			if reason != "" {
				yield(Pair{}, &TextError{Offset: j.off, Reason: reason})
				return
			}
			if !yield(p, nil) {
				return
			}
			j.off += len(j.done) + 1
		}
		whole := bytes.LastIndexByte(piece, 0) + 1
		for p, err := range Text(piece[:whole]).Pairs() {
			if err != nil {
				err.(*TextError).Offset += j.off
				yield(Pair{}, err)
				return
			}
			if !yield(p, nil) {
				return
			}
		}
		if len(piece)-whole > MaxKeyLen+1+MaxValueLen {
			yield(Pair{}, &TextError{Offset: j.off + whole, Reason: "a pair that does not end"})
			return
		}
		j.off += whole
		j.rest = append(j.rest, piece[whole:]...)
	}
}

// Reset makes j ready for another text, and keeps its memory.
func (j *Joiner) Reset() { *j = Joiner{rest: j.rest[:0], done: j.done[:0]} }

// Close reports, as a *TextError, a text that ended within a pair.
func (j *Joiner) Close() error {
	if len(j.rest) > 0 {
		return &TextError{Offset: j.off, Reason: "the last pair has no NUL at its end"}
	}
	return nil
}
