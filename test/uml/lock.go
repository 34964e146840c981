//go:build linux

package uml

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	lockLimit = 20 * time.Minute // the suite of enforcers takes its guests for long; CI gives up after 30
	lockEvery = 50 * time.Millisecond
)

var errLocked = errors.New("uml: another test program has had its guests for too long")

// lock waits until no other test program has a guest, and keeps others waiting
// until the end of the test. The lock is on the kernel's own file, so it needs
// no other, and is gone with who holds it.
func lock(t testing.TB, kernel string) {
	t.Helper()
	f, err := os.Open(kernel)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	ctx, cancel := context.WithTimeoutCause(t.Context(), lockLimit, errLocked)
	defer cancel()
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	begin := time.Now()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			if waited := time.Since(begin).Round(time.Second); waited > 0 {
				t.Logf("waited %s for the guests of other test programs", waited)
			}
			return
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			t.Fatalf("uml: lock %s: %v", kernel, err)
		}
		select {
		case <-ctx.Done():
			t.Fatal(context.Cause(ctx))
		case <-tick.C:
		}
	}
}
