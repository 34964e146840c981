// Package pace keeps connections from being begun faster than they may.
package pace

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// smooth is the part of a second whose worth may be begun at once: a process that does
// not get the processor for so long does not fall behind.
const smooth = 20

// A Pacer paces what is begun. The zero value is ready to use, and does not limit
// anything until Limit was called.
type Pacer struct {
	once sync.Once
	l    *rate.Limiter
}

// Limit sets how many may be begun in a second, the first time that it is called; 0:
// any number.
func (p *Pacer) Limit(perSecond int) *Pacer {
	p.once.Do(func() {
		if perSecond > 0 {
			p.l = rate.NewLimiter(rate.Limit(perSecond), max(1, perSecond/smooth))
		}
	})
	return p
}

// Limits reports whether there is a limit.
func (p *Pacer) Limits() bool { return p.l != nil }

// Take begins one, if it may begin now; else it returns when that may be tried again.
func (p *Pacer) Take() (again time.Duration, ok bool) {
	if p.l.Allow() {
		return 0, true
	}
	missing := 1 - p.l.Tokens()
	return max(time.Duration(missing/float64(p.l.Limit())*float64(time.Second)), time.Microsecond), false
}

// Wait waits until one may begin, or ctx ends.
func (p *Pacer) Wait(ctx context.Context) error {
	if p.l == nil {
		return nil
	}
	for {
		again, ok := p.Take()
		if ok {
			return nil
		}
		t := time.NewTimer(again)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
	}
}
