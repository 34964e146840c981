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

// run takes records that are like the one that is being read, from the name at at
// on, and returns where the name begins that it leaves to others. The record before
// that one is being read then.
func (l *list) run(t pdu.Text, at int) (int, error) {
	l.alike.learn(t, at)
	tail := l.alike.tail
	if len(tail) == 0 || l.state != inRecord || !l.plain || len(l.target.addresses) == 0 {
		return at, nil
	}
	own := l.target.name // the memory that a name is in which outlives the text
	defer func() { l.target.name = append(own[:0], l.target.name...) }()
	for {
		n := plainLen(t[at:], l.target.name)
		if n < 0 || !bytes.HasPrefix(t[at+n:], tail) {
			return at, nil
		}
		if err := l.flush(); err != nil {
			return at, err
		}
		l.state, l.target.name, l.target.again = inRecord, t[at:at+n], true
		at += n + len(tail)
	}
}

// plainLen returns the length of the name that v begins with, up to its NUL;
// negative where it is not plain, or the one before.
func plainLen(v, before []byte) int {
	same := common(v, before)
	most := min(len(v), MaxNameLen+1)
	n := same
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
	if bytes.Equal(v[same:n], before[same:]) {
		return -1
	}
	return n
}

// common returns how many bytes two names have in common at least, in steps of
// eight.
func common(v, before []byte) int {
	n := 0
	for most := min(len(v), len(before)) - 8; n <= most && binary.LittleEndian.Uint64(v[n:]) == binary.LittleEndian.Uint64(before[n:]); {
		n += 8
	}
	return n
}
