package initiator

import (
	"bytes"
	"encoding/binary"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// nameKey is what a name follows.
const nameKey = pdu.KeyTargetName + "="

// maxTail is the longest tail that is kept, in bytes.
const maxTail = 1 << 10

// A likeness is what comes between the names of a list, byte by byte: mostly the
// same addresses, a million times. Where a plain name is followed by what followed
// the name before it, its record says the same, and need not be taken apart.
type likeness struct {
	tail []byte // from the NUL of a name to the next name; empty: not known
	from int    // where that begins in the text; negative: nowhere

	names [maxSpans]span // that are about to be handed on
}

// forget makes k nothing that is known.
func (k *likeness) forget() { k.tail, k.from = k.tail[:0], -1 }

// begin notes where the tail of the record being read begins.
func (k *likeness) begin(from int) { k.from = from }

// learn ends that tail where the next name begins.
func (k *likeness) learn(t pdu.Text, at int) {
	if k.from >= 0 && at-k.from <= maxTail {
		k.tail = append(k.tail[:0], t[k.from:at]...)
	}
	k.from = -1
}

// A span is where a name is in a text.
type span struct{ from, to int }

// maxSpans is how many names are handed on at once.
const maxSpans = 64

// run takes records that are like the one that is being read, from the name at at
// on, and returns where the name begins that it leaves to others. The record before
// that one is being read then.
func (l *list) run(t pdu.Text, at int) (int, error) {
	l.alike.learn(t, at)
	tail := l.alike.tail
	if len(tail) == 0 || l.state != inRecord || !l.plain || len(l.target.addresses) == 0 {
		return at, nil
	}
	names, known := &l.alike.names, 0
	name := l.target.name
	for first := true; ; first = false {
		n := plainLen(t[at:], name)
		if n < 0 || !bytes.HasPrefix(t[at+n:], tail) {
			break
		}
		switch {
		case first:
			if err := l.flush(); err != nil {
				return at, err
			}
		case known == len(names):
			if err := l.hand(t, names[:]); err != nil {
				return at, err
			}
			known = 0
		}
		name = t[at : at+n]
		names[known] = span{at, at + n}
		known++
		at += n + len(tail)
	}
	if known == 0 {
		return at, nil
	}
	if err := l.hand(t, names[:known-1]); err != nil {
		return at, err
	}
	l.state, l.target.name, l.target.again = inRecord, append(l.target.name[:0], name...), true
	return at, nil
}

// hand hands on targets that are like the one before.
func (l *list) hand(t pdu.Text, names []span) error {
	room := l.max - l.count
	if err := l.more(&l.target, t, names[:min(len(names), room)]); err != nil {
		return err
	}
	if l.count += len(names); len(names) > room {
		return &LimitError{What: "targets", Limit: int64(l.max)}
	}
	return nil
}

// plainLen returns the length of the name that v begins with, up to its NUL;
// negative where it is not plain, or the one before, which is plain.
func plainLen(v, before []byte) int {
	// Mostly they are of one length, begin alike and differ in a word or two.
	n := len(before)
	if len(v) <= n || v[n] != 0 || n < 16 || word(v, 0) != word(before, 0) || word(v, 8) != word(before, 8) {
		return otherPlainLen(v, before)
	}
	same := true
	for i := 16; i < n; i += 8 {
		at := min(i, n-8)
		if x := word(v, at); x != word(before, at) {
			if same = false; !areEightPlain(x) {
				return otherPlainLen(v, before)
			}
		}
	}
	if same {
		return -1
	}
	return n
}

// otherPlainLen is plainLen for all other names.
func otherPlainLen(v, before []byte) int {
	most := min(len(v), MaxNameLen+1)
	n := common(v[:most], before)
	if n < len(plainStart) {
		if n = bytes.IndexByte(v[:most], 0); n < 0 || !isPlainName(v[:n]) {
			return -1
		}
	} else {
		for n < most && plainChars[v[n]] {
			n++
		}
		if n == most || v[n] != 0 {
			return -1
		}
	}
	if bytes.Equal(v[:n], before) {
		return -1
	}
	return n
}

// common returns how many bytes two names have in common at least, in steps of
// eight.
func common(v, before []byte) int {
	n := 0
	for most := min(len(v), len(before)) - 8; n <= most && word(v, n) == word(before, n); {
		n += 8
	}
	return n
}

// word returns the eight bytes at an index.
func word(v []byte, i int) uint64 { return binary.LittleEndian.Uint64(v[i:]) }

// areEightPlain is plainChars of eight bytes at once: those from '-' to ':' but for
// '/', the '_', and those from 'a' to 'z'.
func areEightPlain(x uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	// The top bit of a byte below 0x80 is set in from(c) where it is c or more, and
	// in not(c) where it is another. Nothing is carried from one to the next then.
	from := func(c uint64) uint64 { return x + (0x80-c)*ones }
	not := func(c uint64) uint64 { return (x ^ c*ones) + 0x7f*ones }
	plain := from('-')&^from(':'+1)&not('/') | from('a')&^from('z'+1) | ^not('_')
	return plain&^x&tops == tops
}
