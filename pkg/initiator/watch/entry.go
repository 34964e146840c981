package watch

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// An entryKey is a Key in the form in which two are compared.
type entryKey struct {
	instance string
	port     ports.Number
	portal   portalKey
}

// A portalKey is a portal in the form in which two are compared. Entries of one portal
// differ in their initiator ports.
type portalKey struct {
	host string
	port uint16
	isns bool // it is an iSNS server
}

func keyOf(k initiator.Key, isns bool) entryKey {
	return entryKey{ports.FoldInstance(k.Instance), k.Port, portalKey{k.Portal.Canonical(), k.Portal.Port, isns}}
}

// An entry is what a watch knows of one entry. Times with a monotonic clock measure
// intervals, those of Config.Clock are for people.
type entry struct {
	id       entryKey
	key      initiator.Key
	symbolic string
	number   int  // in the order in which entries were listed first
	round    int  // of the list that had it last
	removed  bool // no list has it any more; it stays until it is not being asked
	replaced bool // it was removed and added while it was being asked

	// The schedule, by the monotonic clock.
	queue   *queue // that it waits in; nil: it is being asked
	place   int    // there
	next    time.Time
	asked   time.Time     // when the last attempt began; before the first: what the first time counts from
	late    time.Duration // how much later than planned that was
	backOff int           // failures in a row that this watch has seen
	run     *run          // that is asking it; nil: none
	again   bool          // a notice came while it was being asked
	prompt  bool          // a notice came: what is held since then is asked for at once

	// How it stands.
	snapshot     bool // its Snapshot was told
	status       Status
	since        time.Time
	lastAttempt  time.Time
	lastOK       time.Time
	failingSince time.Time
	failing      time.Time // failingSince by the monotonic clock
	lasting      time.Time // since when it has failed, by the monotonic clock, as the consumer knows
	failures     int
	targets      int // of the last answer that succeeded
	lastChange   *Event

	// What was told.
	answer   comparison
	cause    steady[cause]
	settled  bool // the following have values
	auth     steady[string]
	redirect steady[string]
	from     steady[netip.Addr]

	source netip.Addr // of the last attempt that had one
	port   ports.Port
}

// byNumber compares entries by the order in which they were listed first.
func byNumber(a, b *entry) int { return cmp.Compare(a.number, b.number) }

// state returns how the entry stands. clock is now by Config.Clock.
func (e *entry) state(clock, now time.Time) State {
	s := State{
		Key: e.key, ISNS: e.id.portal.isns, SymbolicName: e.symbolic, Removed: e.removed, Status: e.status, Since: e.since,
		LastAttempt: e.lastAttempt, LastOK: e.lastOK, FailingSince: e.failingSince, Failures: e.failures,
		Late: e.late, Asking: e.run != nil, Targets: e.targets, Known: e.known(), LastChange: e.lastChange,
	}
	if !s.Asking && !e.removed {
		s.Next = clock.Add(e.next.Sub(now))
	}
	return s
}

// known returns how many targets are known at the portal: those of the last answer, those
// that were told and are missing in it, and those that are gone.
func (e *entry) known() int {
	return max(e.targets, e.answer.count()+len(e.answer.gone))
}

// setStatus changes the status.
func (e *entry) setStatus(s Status, clock time.Time) {
	if e.status != s {
		e.status, e.since = s, clock
	}
}

// judge sets the status of an entry whose last attempt has succeeded.
func (e *entry) judge(clock time.Time) {
	status := Up
	if e.targets < e.known() {
		status = Few
	}
	e.setStatus(status, clock)
}

// A steady is a value of which a change is told once it was seen several times in a row.
type steady[T comparable] struct {
	told  T
	next  T   // that was seen last, where it is another
	count int // how often in a row
}

// see takes a value that was seen. It reports a change that is to be told, and what it
// was before.
func (s *steady[T]) see(v T, hold int) (was T, changed bool) {
	if v == s.told {
		s.count = 0
		return was, false
	}
	if s.count == 0 || v != s.next {
		s.next, s.count = v, 0
	}
	if s.count++; s.count < hold {
		return was, false
	}
	was, s.told, s.count = s.told, v, 0
	return was, true
}
