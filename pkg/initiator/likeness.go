package initiator

import (
	"bytes"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// nameKey is what a name follows.
const nameKey = pdu.KeyTargetName + "="

// A likeness is what comes between the names of a list, byte by byte: mostly the
// same few addresses, a million times. Where a plain name is followed by what followed
// one before it, its record says the same, and need not be taken apart.
type likeness struct {
	tails  []tail
	last   int // of them, that was met
	from   int // where that of the record being read begins in the text; negative: nowhere
	misses int // tails that were learned since one was met again

	names [maxSpans]span // that are about to be handed on
}

// A tail is what follows a name, and what it means.
type tail struct {
	text      []byte // from the NUL of the name to the next name
	alias     []byte
	addresses []TargetAddress // that were sent
}

const (
	maxTail  = 1 << 10 // the longest that is kept, in bytes
	maxTails = 8       // how many are

	// After so many misses only every so many tails are learned and looked for.
	manyMisses = 32
	someMisses = 16
)

// A span is where a name is in a text.
type span struct{ from, to int }

// maxSpans is how many names are handed on at once.
const maxSpans = 64

// reset makes k ready for another portal, where the same may mean something else.
func (k *likeness) reset() { k.tails, k.last, k.from, k.misses = k.tails[:0], 0, -1, 0 }

// forget leaves the record being read out.
func (k *likeness) forget() { k.from = -1 }

// begin notes where the tail of the record being read begins.
func (k *likeness) begin(from int) { k.from = from }

// learn ends that tail where the next name begins, and reports whether it is worth
// while to look for one there.
func (k *likeness) learn(t pdu.Text, at int, target *listed) bool {
	from := k.from
	k.from = -1
	if from < 0 || at-from > maxTail {
		return len(k.tails) > 0
	}
	if k.misses++; k.misses > manyMisses && k.misses%someMisses != 0 {
		return false
	}
	if k.find(t[from:at]) >= 0 {
		return true
	}
	if len(k.tails) == maxTails {
		k.last = k.misses % maxTails
	} else if k.last = len(k.tails); cap(k.tails) > k.last {
		k.tails = k.tails[:k.last+1]
	} else {
		k.tails = append(k.tails, tail{})
	}
	known := &k.tails[k.last]
	known.text, known.alias, known.addresses = append(known.text[:0], t[from:at]...), append(known.alias[:0], target.alias...), append(known.addresses[:0], target.addresses...)
	return true
}

// find returns which tail a text begins with; negative: none.
func (k *likeness) find(t []byte) int {
	for range k.tails {
		if bytes.HasPrefix(t, k.tails[k.last].text) {
			return k.last
		}
		if k.last++; k.last == len(k.tails) {
			k.last = 0
		}
	}
	return -1
}

// run takes records that are like earlier ones, from the name at at on, and returns
// where the name begins that it leaves to others. The record before that one is being
// read then.
func (l *list) run(t pdu.Text, at int) (int, error) {
	k := &l.alike
	if !k.learn(t, at, &l.target) || l.state != inRecord || !l.plain {
		return at, nil
	}
	which, known := -1, 0 // the tail of the record being read, and how many names are in hand
	for iqn := l.target.name; ; {
		n := name.PlainLen(t[at:], iqn)
		if n < 0 {
			break
		}
		met := k.find(t[at+n:])
		if met < 0 {
			break
		}
		// The record being read is complete. It is the target, or the last name.
		var err error
		if known == 0 {
			err = l.flush()
		} else if met != which || known == maxSpans {
			err, known = l.hand(t, k.names[:known]), 0
		}
		if err != nil {
			return at, err
		}
		iqn = t[at : at+n]
		if met != which {
			which = met
			l.become(iqn, &k.tails[met])
		} else {
			k.names[known] = span{at, at + n}
			known++
		}
		k.misses = 0
		at += n + len(k.tails[met].text)
	}
	if known == 0 {
		return at, nil
	}
	if err := l.hand(t, k.names[:known-1]); err != nil {
		return at, err
	}
	last := k.names[known-1]
	l.become(t[last.from:last.to], &k.tails[which])
	return at, nil
}

// become makes the record being read one of which all is known.
func (l *list) become(name []byte, like *tail) {
	l.target.begin(name)
	l.target.alias, l.target.addresses = append(l.target.alias, like.alias...), append(l.target.addresses, like.addresses...)
	l.state, l.plain, l.folded, l.bad = inRecord, true, true, 0
}

// hand hands on targets that are like the one before.
func (l *list) hand(t pdu.Text, names []span) error {
	room := l.max - l.count
	if err := l.more(&l.target, t, names[:min(len(names), room)]); err != nil {
		return err
	}
	if l.count += len(names); len(names) > room {
		return &pdu.LimitError{What: "targets", Limit: int64(l.max)}
	}
	return nil
}
