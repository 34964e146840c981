package etcd

import "sync"

// maxOwn is how many batches a Store remembers as its own: more than are under way at once.
const maxOwn = 4096

// An own has the marks of a Store's last batches, by which a watch knows what the Store
// itself has written. The zero value is ready for use.
type own struct {
	mu    sync.Mutex // guards the following
	marks map[string]bool
	ring  []string
	next  int
}

func (o *own) add(mark string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.marks == nil {
		o.marks = make(map[string]bool)
	}
	if o.marks[mark] = true; len(o.ring) < maxOwn {
		o.ring = append(o.ring, mark)
		return
	}
	delete(o.marks, o.ring[o.next])
	o.ring[o.next] = mark
	o.next = (o.next + 1) % maxOwn
}

// wrote reports that a record is as this Store wrote it. A deletion is nobody's.
func (o *own) wrote(value []byte) bool {
	h, err := parseHead(value)
	if err != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.marks[h.mark]
}
