package pdu

import (
	"bytes"
	"iter"
)

// maxPair is the longest pair in bytes, without its NUL.
const maxPair = MaxKeyLen + 1 + MaxValueLen

// A Joiner makes texts of whole pairs of a text that arrives in pieces, cut
// anywhere: in a key, in a value, before a NUL. It keeps no more than the one pair
// that is not complete yet and the one before it, so a text of any length takes
// little memory. The zero value is ready to use.
type Joiner struct {
	rest []byte // the start of a pair whose NUL has not arrived
	done []byte // the pair that rest was before
	off  int    // bytes of the text before rest
	at   int    // bytes of the text before what was yielded last
}

// Add takes the next piece and yields what is complete with it, in at most two
// texts: the pair that an earlier piece ended in, and the whole pairs of this one. Who
// walks them finds what is malformed in them. They are valid until the next call of
// Add, and until the memory of piece is used for something else. A pair that is
// too long to be one is a *TextError. After an error the Joiner is of no more use,
// nor is it after a break.
func (j *Joiner) Add(piece []byte) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		if len(j.rest) > 0 {
			end := bytes.IndexByte(piece, 0)
			ends := end >= 0
			if !ends {
				end = len(piece)
			}
			if len(j.rest)+end > maxPair {
				j.rest = append(j.rest, piece[:maxPair-len(j.rest)]...)
				yield(nil, &TextError{Offset: j.off, Reason: "a pair that does not end"})
				return
			}
			if j.rest = append(j.rest, piece[:end]...); !ends {
				return
			}
			j.rest, piece = append(j.rest, 0), piece[end+1:]
			// The pair stays valid while the next rest is collected.
			j.rest, j.done = j.done[:0], j.rest
			if j.at = j.off; !yield(j.done, nil) {
				return
			}
			j.off += len(j.done)
		}
		whole := bytes.LastIndexByte(piece, 0) + 1
		if j.at = j.off; whole > 0 && !yield(piece[:whole], nil) {
			return
		}
		if j.off += whole; len(piece)-whole > maxPair {
			j.rest = append(j.rest, piece[whole:whole+maxPair]...)
			yield(nil, &TextError{Offset: j.off, Reason: "a pair that does not end"})
			return
		}
		j.rest = append(j.rest, piece[whole:]...)
	}
}

// Offset returns how many bytes of the whole were before the text that was yielded
// last.
func (j *Joiner) Offset() int { return j.at }

// Rest returns the start of a pair whose NUL has not arrived.
func (j *Joiner) Rest() []byte { return j.rest }

// Reset makes j ready for another text, and keeps its memory.
func (j *Joiner) Reset() { *j = Joiner{rest: j.rest[:0], done: j.done[:0]} }

// Close reports, as a *TextError, a text that ended within a pair.
func (j *Joiner) Close() error {
	if len(j.rest) > 0 {
		return &TextError{Offset: j.off, Reason: "the last pair has no NUL at its end"}
	}
	return nil
}
