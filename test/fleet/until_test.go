package fleet

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/poll"
)

// patience is how long a condition is awaited, on a machine with much else to do.
const patience = 90 * time.Second

// until waits until look finds what has to be. look returns what is instead; empty: it is so.
func until(t *testing.T, what string, look func() string) {
	t.Helper()
	poll.Until(t, patience, what, look)
}
