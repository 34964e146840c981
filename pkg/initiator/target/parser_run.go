package target

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// The keys of a record, each with the '=' behind it.
const (
	nameKey    = pdu.KeyTargetName + "="
	aliasKey   = pdu.KeyTargetAlias + "="
	addressKey = pdu.KeyTargetAddress + "="
)

// A run is records in a row that are added to a list without a look at each pair. The last
// one may not be complete.
type run struct {
	to          *List
	room, added int    // how many targets the list takes, and took
	tail        []byte // what followed the name of the last record, up to the next name
}

// takeRun takes records that have plain names, from the name at at on, and returns where
// the first name begins that it leaves to the caller. The record before that name is the
// one being read then.
func (l *Parser) takeRun(t pdu.Text, at int) (int, error) {
	mayFind := l.tails.learn(t, at, &l.target)
	if l.state != inRecord || !l.plain {
		return at, nil
	}
	var r run
	for n := name.PlainLen(t[at:], l.target.Name); n >= 0; {
		// The record before is complete.
		if r.added == r.room {
			if err := l.beginRun(&r); err != nil {
				return at, err
			}
			if r.room <= 0 {
				return at, nil // there is one target too many, if it is complete
			}
		}
		next := l.takeTail(&r, t, at, at+n, mayFind)
		if next < 0 {
			break
		}
		r.added++
		r.tail = t[at+n : next]
		at, n = l.takeUsual(&r, t, at, n, next)
	}
	return at, l.endRun(&r)
}

// manyOthers is after how many records in a row that are not like the one before none is
// compared with it before it is read (BenchmarkList, own addresses: 63 to 57 ns).
const manyOthers = 4

// takeUsual takes records that differ from the last in nothing but their names, or have no
// alias and one plain address, as most do. The last one's name of n bytes begins at before,
// the next name at at. It returns where the first name begins that it leaves to the caller,
// and how long that is; negative: it is not plain.
func (l *Parser) takeUsual(r *run, t pdu.Text, before, n, at int) (next, size int) {
	to := r.to
	entries, text := to.entries, to.text // which the compiler keeps at hand
	e := entries[len(entries)-1]
	alias := text[e.alias:e.end]
	others := 0 // records in a row that are not like the one before
	for {
		size = name.PlainLen(t[at:], t[before:before+n])
		if size < 0 || r.added == r.room {
			break
		}
		tail := t[at+size:]
		if others < manyOthers && bytes.HasPrefix(tail, r.tail) {
			others = 0
		} else {
			n := l.cache.parsePlainTail(&to.addresses, tail)
			if n == 0 {
				break
			}
			r.tail, alias, e.implied = tail[:n], nil, false
			if last := uint32(len(to.addresses) - 1); e.to-e.from == 1 && to.addresses[e.from] == to.addresses[last] {
				to.addresses = to.addresses[:last]
				others = 0
			} else {
				e.from, e.to = last, last+1
				others++
			}
		}
		text = append(text, t[at:at+size]...)
		if e.alias = uint32(len(text)); len(alias) > 0 {
			text = append(text, alias...)
		}
		e.end = uint32(len(text))
		entries = append(entries, e)
		r.added++
		before, n, at = at, size, at+size+len(r.tail)
	}
	to.entries, to.text = entries, text
	return at, size
}

// beginRun hands on the targets of a run, or the record being read where there are none,
// and begins another.
func (l *Parser) beginRun(r *run) error {
	var err error
	if r.added > 0 {
		l.count += r.added
		err = l.Added(r.added)
	} else {
		err = l.flush()
	}
	if err != nil {
		return err
	}
	*r = run{}
	r.to, r.room = l.Into()
	r.room = min(r.room, l.max-l.count)
	return nil
}

// endRun makes the last record of a run the one being read, and hands on the others.
func (l *Parser) endRun(r *run) error {
	if r.added == 0 {
		return nil
	}
	i := r.to.Len() - 1
	l.target.begin(r.to.Name(i))
	l.target.Alias = append(l.target.Alias, r.to.Alias(i)...)
	if !r.to.Implied(i) {
		l.target.Addresses = append(l.target.Addresses, r.to.Addresses(i)...)
	}
	l.state, l.plain, l.folded, l.bad = inRecord, true, true, 0
	r.to.dropLast()
	if r.added--; r.added == 0 {
		return nil
	}
	l.count += r.added
	return l.Added(r.added)
}

// takeTail adds a record to a run, if what follows its name is kept, or can be read as a
// whole. It returns where the next name begins; negative: the record is left to the caller.
func (l *Parser) takeTail(r *run, t pdu.Text, at, end int, mayFind bool) (next int) {
	from := len(r.to.addresses)
	known := l.tails.lastOf(t[end:])
	if known == nil {
		var alias []byte
		if alias, next = l.readTail(r.to, t, end+1); next >= 0 {
			r.to.add(t[at:end], alias, from, false)
			return next
		}
		if mayFind {
			known = l.tails.find(t[end:])
		}
		if known == nil {
			return -1
		}
	}
	l.tails.misses = 0
	r.to.addresses = append(r.to.addresses, known.addresses...)
	implied := len(known.addresses) == 0
	if implied {
		r.to.addresses = append(r.to.addresses, l.impliedAddress())
	}
	r.to.add(t[at:end], known.alias, from, implied)
	return end + len(known.text)
}

// readTail reads what follows the NUL of a name up to the next name, if that is an alias or
// none, and ordinary addresses. It adds these to those of a list, and returns where the next
// name begins; negative: something else follows.
func (l *Parser) readTail(to *List, t pdu.Text, at int) (alias []byte, next int) {
	if hasPrefix(t[at:], aliasKey) {
		at += len(aliasKey)
		n := bytes.IndexByte(t[at:min(len(t), at+MaxAliasLen+1)], 0)
		if n < 0 || !utf8.Valid(t[at:at+n]) {
			return nil, -1
		}
		alias = t[at : at+n]
		at += n + 1
	}
	from := len(to.addresses)
	for hasPrefix(t[at:], addressKey) && len(to.addresses)-from < fewAddresses {
		at += len(addressKey)
		i := len(to.addresses)
		to.addresses = append(to.addresses, Address{})
		n := l.cache.parseOrdinary(&to.addresses[i], t[at:])
		if n == 0 {
			to.addresses = to.addresses[:from]
			return nil, -1
		}
		if at += n; i > from && slices.Contains(to.addresses[from:i], to.addresses[i]) {
			to.addresses = to.addresses[:i]
		}
	}
	if len(to.addresses) == from || !hasPrefix(t[at:], nameKey) {
		to.addresses = to.addresses[:from]
		return nil, -1
	}
	return alias, at + len(nameKey)
}

// hasPrefix reports whether t begins with a key.
func hasPrefix(t []byte, key string) bool { return len(t) >= len(key) && string(t[:len(key)]) == key }
