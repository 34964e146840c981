package machine

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// While little is in use, collecting garbage often costs more than the memory is
// worth: a sweep or a long list leaves much behind and keeps little. Where much is
// in use, as of answers that are held, memory is worth more; and a collection costs
// little, since what is held has next to no pointers.
const (
	smallHeap   = 8 << 20 // bytes in use after a collection
	smallPace   = 300     // GOGC
	usualHeap   = 24 << 20
	usualPace   = 100
	largePace   = 25
	liveHeap    = "/gc/heap/live:bytes"
	PaceSetting = "GOGC"
)

// PaceCollections sets the pace of collections, now and after each.
func PaceCollections() {
	debug.SetGCPercent(smallPace)
	pace := smallPace
	live := []metrics.Sample{{Name: liveHeap}}
	var collected func(*[16]byte)
	watch := func() { runtime.SetFinalizer(new([16]byte), collected) } // called when it is collected
	collected = func(*[16]byte) {
		metrics.Read(live)
		wanted := smallPace
		switch use := live[0].Value.Uint64(); {
		case use > usualHeap:
			wanted = largePace
		case use > smallHeap:
			wanted = usualPace
		}
		if wanted != pace {
			pace = wanted
			debug.SetGCPercent(pace)
		}
		watch()
	}
	watch()
}
