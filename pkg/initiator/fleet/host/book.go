package host

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A book is what a Host has to publish, by the keys in etcd.
type book struct {
	keys  fleet.Keys
	host  string
	limit int // of bytes
	seed  maphash.Seed

	changed chan struct{} // has a value when there is something to write; room for one

	mu      sync.Mutex // guards the following
	paths   map[string]*entry
	beyond  map[string]bool // entries for which there is no room, see fleet.MaxPaths
	answers map[fleet.Digest]*kept
	sums    map[uint64]fleet.Digest // of answers
	bytes   int                     // in answers
	wants   map[fleet.Digest]bool   // of the leader
	dirty   map[string]bool         // keys that may have to be written

	unlisted map[string]error // of paths, whose answers are not published: why not
}

// An entry is what is published of one entry of the registry.
type entry struct {
	path fleet.Path
	sum  uint64 // of the answer as it came; meaningless where no answer was seen
	seen bool   // one was

	unlisted error // why that answer is not published; nil: it is, or there was none
}

func newBook(keys fleet.Keys, host string, limit int) *book {
	return &book{
		keys: keys, host: host, limit: limit, seed: maphash.MakeSeed(), changed: make(chan struct{}, 1),
		paths: make(map[string]*entry), beyond: make(map[string]bool), answers: make(map[fleet.Digest]*kept), sums: make(map[uint64]fleet.Digest),
		wants: make(map[fleet.Digest]bool), dirty: make(map[string]bool), unlisted: make(map[string]error),
	}
}

// touch has a key looked at again.
func (b *book) touch(key string) {
	b.dirty[key] = true
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// entry returns what is published of an entry; false: nothing is.
func (b *book) entry(key string) (entry, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.paths[key]
	if e == nil {
		return entry{}, false
	}
	return *e, true
}

// put takes what there is to publish of an entry. An answer that is not nil is its new one;
// otherwise it has the one that its path names.
func (b *book) put(key string, now entry, answer *fleet.Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.paths[key]
	if before == nil && len(b.paths) >= fleet.MaxPaths {
		b.beyond[key] = true
		return
	}
	delete(b.beyond, key)
	if answer != nil {
		if now.path.Answer = b.keep(answer, now.sum); now.path.Answer.IsZero() {
			now.unlisted = errNoRoom
		}
	}
	b.note(key, now.unlisted)
	switch {
	case before == nil:
		b.paths[key] = &now
		b.touch(key)
		return
	case before.path.Answer != now.path.Answer || answer != nil:
		b.release(before.path.Answer)
	}
	if before.path.Same(&now.path) {
		now.path = before.path // with its words, which are in etcd
	} else {
		b.touch(key)
	}
	*before = now
}

// note keeps why an answer is not published; nil: it is.
func (b *book) note(key string, unlisted error) {
	if unlisted == nil {
		delete(b.unlisted, key)
	} else {
		b.unlisted[key] = unlisted
	}
}

// isUnlisted says of which paths the answers are not published; nil: of none.
func (b *book) isUnlisted() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.unlisted) == 0 {
		return nil
	}
	key := slices.Min(slices.Collect(maps.Keys(b.unlisted)))
	of := b.keys.Parse(key)
	return &UnlistedError{Entry: of.Path(), Others: len(b.unlisted) - 1, Err: b.unlisted[key]}
}

// remove has an entry published no longer.
func (b *book) remove(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.beyond, key)
	delete(b.unlisted, key)
	if e := b.paths[key]; e != nil {
		b.release(e.path.Answer)
		delete(b.paths, key)
		b.touch(key)
	}
}

// waiting returns how many keys may have to be written.
func (b *book) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.dirty)
}

// unpublished returns how many entries there is no record of.
func (b *book) unpublished() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.beyond)
}

// setWants takes what the leader asks for: all that it does, or, where whole is not set,
// one more or one less. What is beyond fleet.MaxPaths is passed over.
func (b *book) setWants(wants map[fleet.Digest]bool, whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for d, wanted := range wants {
		if wanted && !b.wants[d] && len(b.wants) < fleet.MaxPaths {
			b.wants[d] = true
			b.touchParts(d)
		} else if !wanted {
			b.unwant(d)
		}
	}
	if !whole {
		return
	}
	for d := range maps.Clone(b.wants) {
		if !wants[d] {
			b.unwant(d)
		}
	}
}

func (b *book) unwant(d fleet.Digest) {
	b.touchParts(d)
	delete(b.wants, d)
}

// touchAll has all that is to be published looked at, and keys that are in etcd.
func (b *book) touchAll(there map[string]held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key := range b.paths {
		b.touch(key)
	}
	for d := range b.wants {
		b.touchParts(d)
	}
	for key := range there {
		b.touch(key)
	}
}

// take removes all keys from those that may have to be written, and returns them in order.
func (b *book) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	keys := slices.Sorted(maps.Keys(b.dirty))
	clear(b.dirty)
	return keys
}

// back gives back keys that could not be written.
func (b *book) back(keys []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range keys {
		b.dirty[k] = true
	}
}

// is returns what a key is to have; nil: it is not to be there. The path is that of a path's key.
func (b *book) is(key string) (value []byte, path *fleet.Path) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.paths[key]; e != nil {
		p := e.path
		return p.Encode(), &p
	}
	k := b.keys.Parse(key)
	if a := b.answers[k.Digest]; k.Kind == fleet.KindPart && a != nil && b.wants[k.Digest] && k.Part < len(a.answer.Parts) {
		return a.answer.Parts[k.Part], nil
	}
	return nil, nil
}
