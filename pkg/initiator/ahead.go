package initiator

import "context"

// maxAhead is how many portals may be begun and not taken yet where results come
// in the order of their portals: what waits behind a slow one is held in memory.
const maxAhead = 1 << 16

// An ahead bounds how many portals are begun and not taken yet.
type ahead struct{ begun chan struct{} }

func newAhead(limit int) *ahead { return &ahead{begun: make(chan struct{}, limit)} }

// enter waits until one more portal may be begun; false: ctx ended first.
func (a *ahead) enter(ctx context.Context) bool {
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

// leave makes room for one more.
func (a *ahead) leave() { <-a.begun }

// count returns how many are begun and not taken.
func (a *ahead) count() int { return len(a.begun) }
