package fleet

import (
	"testing"
	"time"
)

// How a condition is awaited.
const (
	lookEvery = 100 * time.Millisecond
	patience  = 90 * time.Second // on a machine with much else to do
)

// until waits until look finds what has to be. look returns what is instead; empty: it is so.
func until(t *testing.T, what string, look func() string) {
	t.Helper()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	limit := time.After(patience)
	for {
		is := look()
		if is == "" {
			return
		}
		select {
		case <-limit:
			t.Fatalf("%s: not in time; there is instead: %s", what, is)
		case <-tick.C:
		}
	}
}
