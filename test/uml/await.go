//go:build linux

package uml

import (
	"strings"
	"testing"
	"time"
)

// Await waits until so reports true, for a minute at most: then the test fails.
func Await(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	stop := time.After(time.Minute)
	for !so() {
		select {
		case <-stop:
			t.Fatalf("%s: not in time", what)
		case <-tick.C:
		}
	}
}

// AwaitNone waits until left returns nothing. If the test fails, it says what was left.
func AwaitNone(t testing.TB, what string, left func() string) {
	t.Helper()
	var last string
	defer func() {
		if last != "" {
			t.Logf("left:\n%s", last)
		}
	}()
	Await(t, what, func() bool {
		last = strings.TrimSpace(left())
		return last == ""
	})
}
