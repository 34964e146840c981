package feed

import "context"

// MaxAhead is how many portals may be begun and not taken yet where results come
// in the order of their portals: what waits behind a slow one is held in memory.
const MaxAhead = 1 << 16

// An Ahead bounds how many portals are begun and not taken yet.
type Ahead struct{ begun chan struct{} }

// NewAhead returns an Ahead of so many portals.
func NewAhead(limit int) *Ahead { return &Ahead{begun: make(chan struct{}, limit)} }

// Enter waits until one more portal may be begun; false: ctx ended first.
func (a *Ahead) Enter(ctx context.Context) bool {
	// Where there is room a portal that was yielded is begun, also if ctx has just ended.
	select {
	case a.begun <- struct{}{}:
		return true
	default:
	}
	select {
	case a.begun <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Room takes a value where one more portal may be begun, which is Enter.
func (a *Ahead) Room() chan<- struct{} { return a.begun }

// Leave makes room for one more.
func (a *Ahead) Leave() { <-a.begun }

// Count returns how many are begun and not taken.
func (a *Ahead) Count() int { return len(a.begun) }
