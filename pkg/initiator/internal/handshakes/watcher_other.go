//go:build !linux

package handshakes

import (
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
)

// A watcher says which handshakes may be over: each has a goroutine, and tells.
type watcher struct {
	over  chan int
	awake chan struct{}
	quit  chan struct{}
	once  sync.Once
}

func newWatcher() (*watcher, error) {
	return &watcher{over: make(chan int), awake: make(chan struct{}, 1), quit: make(chan struct{})}, nil
}

// add watches a handshake until it is over.
func (w *watcher) add(h *dial.Handshake, number int) error {
	h.Tell(func() {
		select {
		case w.over <- number:
		case <-w.quit:
		}
	})
	return nil
}

// wake ends a wait, from any goroutine.
func (w *watcher) wake() {
	select {
	case w.awake <- struct{}{}:
	default:
	}
}

// end ends the watcher, from any goroutine.
func (w *watcher) end() { w.once.Do(func() { close(w.quit) }) }

// wait waits until a time, and returns the numbers of handshakes that may be over.
func (w *watcher) wait(until time.Time) (numbers []int, ended bool) {
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case n := <-w.over:
		return []int{n}, false
	case <-w.awake:
	case <-t.C:
	case <-w.quit:
		return nil, true
	}
	return nil, false
}
