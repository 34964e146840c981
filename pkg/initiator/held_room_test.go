package initiator

import (
	"testing"
)

// TestHeldRoom: what waits never takes more than the room, in whatever order short and
// long lists come, and the portals that find none fail.
func TestHeldRoom(t *testing.T) {
	t.Parallel()
	m := heldRoom{room: 16 << 20}
	take := func(size int64) (full error) {
		var used int64
		for used < size && full == nil {
			next := used + 4<<10
			if full = m.check(used, next); full == nil {
				m.count(&used, next-used)
			}
		}
		return full
	}
	for range 1000 {
		_ = take(36 << 10) // short
	}
	for range 6 {
		if take(8<<20) == nil {
			t.Error("a long list found room where there was none")
		}
	}
	if m.used > m.room || m.used < m.room*15/16 {
		t.Errorf("%d bytes are held of %d", m.used, m.room)
	}
}
