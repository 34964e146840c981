package watch

import (
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A Status is how an entry stands.
type Status string

// The statuses.
const (
	Unknown Status = "unknown" // it was not asked yet
	Up      Status = "up"      // the last answer succeeded
	Few     Status = "few"     // and has fewer targets than are known at the portal
	Down    Status = "down"    // the last attempt failed
)

// A State is how an entry stands.
type State struct {
	Key          initiator.Key
	ISNS         bool // it is an iSNS server
	SymbolicName string
	Removed      bool // it is watched no longer

	Status Status
	Since  time.Time // of the status; zero: not known

	LastAttempt  time.Time     // when it ended; zero: there was none
	LastOK       time.Time     // zero: never
	FailingSince time.Time     // zero: it does not fail
	Failures     int           // in a row
	Next         time.Time     // when it is asked next; zero: it is being asked, or removed
	Asking       bool          // it is being asked
	Late         time.Duration // how much later than planned the last attempt began

	Targets int // of the last answer that succeeded
	Known   int // at the portal, with those that are missing

	// Last is the result of the attempt that is reported, without its targets and without
	// secrets; nil: it is not an attempt that is reported.
	Last *initiator.Result

	LastChange *Event // the newest event of the entry but its Snapshot; nil: there was none
}
