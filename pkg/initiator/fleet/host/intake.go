package host

import (
	"strings"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// maxQueued is how many bytes of targets wait to be encoded, and maxSeen how many calls of
// Observe; one more always does where none waits.
const (
	maxQueued = 32 << 20
	maxSeen   = 4096
)

// An intake is what was seen and is not in the book yet, in order: nothing overtakes an answer
// that is being encoded. It has a goroutine only while there is something.
type intake struct {
	mu      sync.Mutex
	room    *sync.Cond // signalled where less waits; of mu
	waiting []*seen    // guarded by mu, as all below; the first is being taken
	bytes   int        // of waiting
}

// add takes what was seen: at once where nothing waits and nothing has to be encoded.
func (in *intake) add(h *Host, o *seen, targets []target.Target) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.waiting) == 0 && !h.isNew(o) {
		h.take(o)
		return
	}
	if o.size = len(o.key) + seenBytes; o.path.Up {
		var size int
		o.targets, size = clone(targets)
		o.size += size
	}
	for len(in.waiting) > 0 && (in.bytes+o.size > h.cfg.limits.queued || len(in.waiting) >= maxSeen) {
		in.room.Wait()
	}
	in.waiting = append(in.waiting, o)
	if in.bytes += o.size; len(in.waiting) == 1 {
		go in.work(h)
	}
}

// work takes all that waits.
func (in *intake) work(h *Host) {
	for o := in.first(); o != nil; o = in.next() {
		h.take(o)
	}
}

func (in *intake) first() *seen {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.waiting[0]
}

// next drops the first, and returns the one behind it; nil: there is none.
func (in *intake) next() *seen {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.bytes -= in.waiting[0].size
	in.waiting[0] = nil
	in.waiting = in.waiting[1:]
	in.room.Broadcast()
	if len(in.waiting) == 0 {
		in.waiting = nil
		return nil
	}
	return in.waiting[0]
}

// count returns how many wait.
func (in *intake) count() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.waiting)
}

// What is kept takes, in bytes, beside its texts.
const (
	seenBytes    = 512
	targetBytes  = 64
	addressBytes = 40
)

// clone copies targets, which are the caller's, and returns how many bytes they take.
// Addresses in the same memory are copied once.
func clone(targets []target.Target) (all []target.Target, size int) {
	all = make([]target.Target, len(targets))
	for i := range targets {
		t := &targets[i]
		all[i] = target.Target{Name: strings.Clone(t.Name), Alias: strings.Clone(t.Alias)}
		size += targetBytes + len(t.Name) + len(t.Alias)
		if n := len(t.Addresses); i > 0 && n > 0 && n == len(targets[i-1].Addresses) && &t.Addresses[0] == &targets[i-1].Addresses[0] {
			all[i].Addresses = all[i-1].Addresses
			continue
		}
		all[i].Addresses = make([]target.Address, len(t.Addresses))
		for j, a := range t.Addresses {
			a.Host = strings.Clone(a.Host)
			all[i].Addresses[j] = a
			size += addressBytes + len(a.Host)
		}
	}
	return all, size
}
