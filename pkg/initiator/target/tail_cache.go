package target

import (
	"bytes"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// nameKey is what a name follows.
const nameKey = pdu.KeyTargetName + "="

// A tailCache keeps the bytes that followed the last few TargetNames, with the alias and
// the addresses that they meant. If the bytes after a plain name equal a kept tail, the
// record is taken from the cache and not parsed: in most answers the same few addresses
// come again and again.
type tailCache struct {
	tails  []tail
	last   int // index of the tail that was found last
	from   int // where the tail of the record being read begins in the text; negative: it is not known
	misses int // tails that were learned since a kept one was found

	names [maxSpans]Span // names that EmitNames gets next
}

// A tail is what follows a name up to the next name, and what it means.
type tail struct {
	text      []byte // from the NUL of the name to the next name
	alias     []byte
	addresses []Address // that were sent
}

const (
	maxTail  = 1 << 10 // bytes of the longest tail that is kept
	maxTails = 8       // tails that are kept

	// After so many misses only every so many tails are learned and looked for.
	manyMisses = 32
	someMisses = 16
)

// A Span is where a name is in a text.
type Span struct{ From, To int }

// maxSpans is how many names EmitNames gets at once.
const maxSpans = 64

// reset makes k ready for another portal, where the same bytes may mean other addresses.
func (k *tailCache) reset() { k.tails, k.last, k.from, k.misses = k.tails[:0], 0, -1, 0 }

// forget makes learn skip the record being read: its tail is not all that was said of it.
func (k *tailCache) forget() { k.from = -1 }

// begin notes where the tail of the record being read begins.
func (k *tailCache) begin(from int) { k.from = from }

// learn keeps the tail of the record being read, which ends where the next name begins,
// and reports whether to look for a kept tail there.
func (k *tailCache) learn(t pdu.Text, at int, target *Record) bool {
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
	known.text, known.alias, known.addresses = append(known.text[:0], t[from:at]...), append(known.alias[:0], target.Alias...), append(known.addresses[:0], target.Addresses...)
	return true
}

// find returns the index of the kept tail that a text begins with; negative: none.
func (k *tailCache) find(t []byte) int {
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

// repeats takes records whose tails are kept, from the name at at on, and returns where
// the first name begins that it leaves to the caller. The record before that name is the
// one being read then.
func (l *Parser) repeats(t pdu.Text, at int) (int, error) {
	k := &l.tails
	if !k.learn(t, at, &l.target) || l.state != inRecord || !l.plain {
		return at, nil
	}
	which, known := -1, 0 // the tail of the record being read, and how many names are in hand
	for iqn := l.target.Name; ; {
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
			err, known = l.emitNames(t, k.names[:known]), 0
		}
		if err != nil {
			return at, err
		}
		iqn = t[at : at+n]
		if met != which {
			which = met
			l.setFromTail(iqn, &k.tails[met])
		} else {
			k.names[known] = Span{at, at + n}
			known++
		}
		k.misses = 0
		at += n + len(k.tails[met].text)
	}
	if known == 0 {
		return at, nil
	}
	if err := l.emitNames(t, k.names[:known-1]); err != nil {
		return at, err
	}
	last := k.names[known-1]
	l.setFromTail(t[last.From:last.To], &k.tails[which])
	return at, nil
}

// setFromTail makes the record being read one with a name and a kept tail.
func (l *Parser) setFromTail(name []byte, known *tail) {
	l.target.begin(name)
	l.target.Alias, l.target.Addresses = append(l.target.Alias, known.alias...), append(l.target.Addresses, known.addresses...)
	l.state, l.plain, l.folded, l.bad = inRecord, true, true, 0
}

// emitNames hands on targets with the alias and the addresses of the one before.
func (l *Parser) emitNames(t pdu.Text, names []Span) error {
	room := l.max - l.count
	if err := l.EmitNames(&l.target, t, names[:min(len(names), room)]); err != nil {
		return err
	}
	if l.count += len(names); len(names) > room {
		return &pdu.LimitError{What: "targets", Limit: int64(l.max)}
	}
	return nil
}
