package machine

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Where much is in use, as of answers that are held, memory is worth more than at the
// usual pace; and a collection costs little, since what is held has next to no pointers.
// Where little is in use, the usual pace is right: a longer one touches more new memory, and
// the page faults of that cost more than the collections.
const (
	usualHeap   = 24 << 20 // bytes in use after a collection
	usualPace   = 100      // GOGC
	largePace   = 25
	liveHeap    = "/gc/heap/live:bytes"
	PaceSetting = "GOGC"
)

// PaceCollections sets the pace of collections after each of them.
func PaceCollections() {
	pace := usualPace
	live := []metrics.Sample{{Name: liveHeap}}
	var collected func(*[16]byte)
	watch := func() { runtime.SetFinalizer(new([16]byte), collected) } // called when it is collected
	collected = func(*[16]byte) {
		metrics.Read(live)
		wanted := usualPace
		if live[0].Value.Uint64() > usualHeap {
			wanted = largePace
		}
		if wanted != pace {
			pace = wanted
			debug.SetGCPercent(pace)
		}
		watch()
	}
	watch()
}
