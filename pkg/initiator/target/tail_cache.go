package target

import (
	"bytes"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A tailCache keeps the bytes that followed the last few TargetNames, with the alias and
// the addresses that they meant. If the bytes after a plain name equal a kept tail, the
// record is taken from the cache and not parsed: in most answers the same few addresses
// come again and again.
type tailCache struct {
	tails  []tail
	last   int // index of the tail that was found last
	from   int // where the tail of the record being read begins in the text; negative: it is not known
	misses int // tails that were learned since a kept one was found
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
	if k.find(t[from:at]) != nil {
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

// lastOf returns the kept tail that was found last, if a text begins with it; nil: it does
// not.
func (k *tailCache) lastOf(t []byte) *tail {
	if k.last < len(k.tails) && bytes.HasPrefix(t, k.tails[k.last].text) {
		return &k.tails[k.last]
	}
	return nil
}

// find returns the kept tail that a text begins with; nil: there is none.
func (k *tailCache) find(t []byte) *tail {
	for range k.tails {
		if known := k.lastOf(t); known != nil {
			return known
		}
		if k.last++; k.last == len(k.tails) {
			k.last = 0
		}
	}
	return nil
}
