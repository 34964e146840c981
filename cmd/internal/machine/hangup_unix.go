//go:build unix

package machine

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups returns a value for each SIGHUP until it is stopped. Several that come at once
// may be one.
func hangups() (heard <-chan struct{}, stop func()) {
	signals, values, done := make(chan os.Signal, 1), make(chan struct{}, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-signals:
				select {
				case values <- struct{}{}:
				default:
				}
			case <-done:
				return
			}
		}
	}()
	return values, func() {
		signal.Stop(signals)
		close(done)
	}
}
