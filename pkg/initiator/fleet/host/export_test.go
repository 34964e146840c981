package host

import "time"

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
