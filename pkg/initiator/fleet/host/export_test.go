package host

import (
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Limits are what tests change; zero: as ever.
type Limits struct {
	TTL, Request time.Duration
	Kept, Queued int // bytes
	Encode       func([]target.Target) (*fleet.Answer, error)
}

// NewLimited is New with other limits.
func NewLimited(cfg Config, l Limits) (*Host, error) {
	h, err := New(cfg)
	if err != nil {
		return nil, err
	}
	h.cfg.limits = limits{ttl: l.TTL, request: l.Request, kept: l.Kept, queued: l.Queued, encode: l.Encode, first: 20 * time.Millisecond}
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
func PathOf(h *Host, k fleet.Entry) *fleet.Path {
	Settle(h)
	if e, ok := h.book.entry(h.book.keys.Path(h.book.host, k)); ok {
		return &e.path
	}
	return nil
}

// ConfigOf returns the Config of a Host.
func ConfigOf(h *Host) Config { return h.cfg }

// Settle waits until all that was observed is in the book.
func Settle(h *Host) {
	h.intake.mu.Lock()
	defer h.intake.mu.Unlock()
	for len(h.intake.waiting) > 0 {
		h.intake.room.Wait()
	}
}

// Kept returns how many answers are kept, and their bytes.
func Kept(h *Host) (answers, bytes int) {
	Settle(h)
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	return max(len(h.book.answers), len(h.book.sums)), h.book.bytes
}
