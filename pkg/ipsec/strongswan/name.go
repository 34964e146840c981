package strongswan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// prefix begins the names of all that is ours in the daemon.
const prefix = "iscsi-discovery-"

// lease is how long something in charon belongs to an owner that cannot be seen:
// to a process in another container. No discovery lasts as long.
const lease = time.Hour

// A process is one of ours. Its number alone would come to mean another one some
// day.
type process struct {
	namespace uint64 // of process numbers; 0: not known
	pid       int
	start     uint64 // when it was started, in ticks since the system was; 0: not known
}

// An owner is what something in the daemon belongs to: a process, for a while.
type owner struct {
	process

	boot    string // the boot of the kernel that the process is on, a part of its ID; empty: not known
	expires uint64 // in seconds since that boot; 0: not known
}

// An ownerState says what is known of an owner.
type ownerState string

// The states.
const (
	ownerAlive   ownerState = "alive"
	ownerGone    ownerState = "gone"    // the process is no more
	ownerExpired ownerState = "expired" // it cannot be seen, and its lease is over
	ownerUnknown ownerState = "unknown" // it cannot be seen
)

// ownerNow is what this process owns something by from now on.
func ownerNow() owner {
	boot, uptime := bootTime()
	return owner{process: ourselves(), boot: boot, expires: uptime + uint64(lease/time.Second)}
}

// name returns the name of the n-th connection of an owner.
func (o owner) name(n uint64) string {
	name := fmt.Sprintf("%s%d-%d-%d-%d", prefix, o.namespace, o.pid, o.start, n)
	if o.boot != "" {
		name += fmt.Sprintf("-%s-%d", o.boot, o.expires)
	}
	return name
}

// isOurs reports whether a name is one of ours.
func isOurs(name string) bool {
	_, ok := ownerOf(name)
	return ok
}

// ownerOf returns the owner in a name; ok is false where the name is not ours. Names
// of four parts have no lease: versions before this one gave them.
func ownerOf(name string) (o owner, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return owner{}, false
	}
	parts := strings.Split(rest, "-")
	const short, long = 4, 6
	switch {
	case len(parts) == long && isBoot(parts[short]):
		o.boot = parts[short]
		parts = append(parts[:short:short], parts[long-1])
	case len(parts) != short:
		return owner{}, false
	}
	var numbers [short + 1]uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 63)
		if err != nil {
			return owner{}, false
		}
		numbers[i] = n
	}
	o.process = process{namespace: numbers[0], pid: int(numbers[1]), start: numbers[2]}
	o.expires = numbers[short]
	return o, true
}

// bootLen is how much of the ID of a boot is in a name: enough to tell two apart.
const bootLen = 16

func isBoot(s string) bool {
	return len(s) == bootLen && strings.Trim(s, "0123456789abcdef") == ""
}

// state says what is known of the owner. That a process is not seen is not enough
// for it to be gone; and where there is one that may be it, the lease does not
// count.
func (o owner) state() ownerState {
	state, here := o.process.state()
	if state != ownerUnknown || here {
		return state
	}
	if boot, uptime := bootTime(); o.boot != "" && o.boot == boot && o.expires <= uptime {
		return ownerExpired
	}
	return ownerUnknown
}

// dead reports that what the owner has in charon is of no more use.
func (s ownerState) dead() bool { return s == ownerGone || s == ownerExpired }
