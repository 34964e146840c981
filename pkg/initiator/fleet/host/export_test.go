package host

import (
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// Limits are what tests change; zero: as ever.
type Limits struct {
	TTL, Request time.Duration
	Kept         int // bytes
}

// NewLimited is New with other limits.
func NewLimited(cfg Config, l Limits) (*Host, error) {
	h, err := New(cfg)
	if err != nil {
		return nil, err
	}
	h.cfg.limits = limits{ttl: l.TTL, request: l.Request, kept: l.Kept, first: 20 * time.Millisecond}
	return newHost(h.cfg), nil
}

// The bounds of a transaction.
const (
	MaxOps   = maxOps
	MaxBytes = maxBytes
)

// BatchOf returns how many changes of these sizes go into one transaction.
func BatchOf(sizes []int) int {
	all := make([]change, len(sizes))
	for i, n := range sizes {
		all[i].value = make([]byte, n)
	}
	return batch(all)
}

// PathOf returns what is published of an entry; nil: nothing is.
func PathOf(h *Host, k initiator.Key) *fleet.Path {
	if e, ok := h.book.entry(h.book.keys.Path(h.book.host, k)); ok {
		return &e.path
	}
	return nil
}

// Kept returns how many answers are kept, and their bytes.
func Kept(h *Host) (answers, bytes int) {
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	return max(len(h.book.answers), len(h.book.sums)), h.book.bytes
}
