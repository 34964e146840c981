package isns

import "math"

// Limits bound what a Client takes of a server. 0 stands for the default.
type Limits struct {
	MaxMessage int // bytes of payload of one message; default 1 KiB for each of MaxTargets, and at least DefaultMaxMessage
	MaxTargets int // of an answer; default DefaultMaxTargets, at most MostTargets
	MaxPortals int // of one target; default 1,024
	MaxMemory  int // bytes that an answer may take, about; default 2 KiB for each of MaxTargets, and at least 64 MiB
}

// The bounds of Limits.MaxTargets.
const (
	DefaultMaxTargets = 1 << 16
	MostTargets       = 1 << 24
)

// The other defaults of Limits.
const (
	defaultMaxPortals = 1 << 10
	minMaxMemory      = 64 << 20
	messageOfTarget   = 1 << 10 // bytes of a message for a target
	memoryOfTarget    = 2 << 10 // bytes of memory for a target
)

// withDefaults returns l with its zeros replaced.
func (l Limits) withDefaults() Limits {
	set := func(v *int, then int) {
		if *v <= 0 {
			*v = then
		}
	}
	set(&l.MaxTargets, DefaultMaxTargets)
	l.MaxTargets = min(l.MaxTargets, MostTargets)
	set(&l.MaxPortals, defaultMaxPortals)
	set(&l.MaxMessage, max(DefaultMaxMessage, l.times(messageOfTarget)))
	set(&l.MaxMemory, max(minMaxMemory, l.times(memoryOfTarget)))
	return l
}

// times returns so many bytes for each of MaxTargets, as far as an int goes on every system.
func (l *Limits) times(each int64) int {
	return int(min(int64(l.MaxTargets)*each, math.MaxInt32))
}
