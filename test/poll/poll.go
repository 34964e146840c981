// Package poll has tests ask again and again for what nothing announces, such as what another
// process answers. What a process prints is awaited with package output instead.
package poll

import (
	"testing"
	"time"
)

// every is how long Until waits between two questions.
const every = 50 * time.Millisecond

// Until waits until look finds what has to be, and fails the test when it has not after a limit.
// look returns what is instead; empty: it is so.
func Until(t testing.TB, limit time.Duration, what string, look func() (instead string)) {
	t.Helper()
	tick := time.NewTicker(every)
	defer tick.Stop()
	end := time.NewTimer(limit)
	defer end.Stop()
	for {
		instead := look()
		if instead == "" {
			return
		}
		select {
		case <-end.C:
			t.Fatalf("%s: not within %v; there is instead: %s", what, limit, instead)
		case <-tick.C:
		}
	}
}
