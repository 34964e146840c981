package watch

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A Type says what an Event tells. Its text is part of the command's output.
type Type string

// The types of events. None is made from an answer that failed but PortalFailed.
const (
	Snapshot Type = "snapshot" // how an entry stands when the watch begins, or when it is added; once for each

	TargetAppeared = Type(change.Appeared)
	TargetVanished = Type(change.Vanished)
	TargetChanged  = Type(change.Changed)

	PortalFailed    Type = "portal-failed"    // the first failure after a success, and each other cause
	PortalRecovered Type = "portal-recovered" // the first success after a failure
	PortalAdded     Type = "portal-added"     // to what is watched, by another process or call
	PortalRemoved   Type = "portal-removed"

	PathLost  Type = "path-lost"  // a target is no longer seen from one initiator port, and still from another
	PathFound Type = "path-found" // it is seen from that port again

	AuthChanged     Type = "auth-changed"     // another method or algorithm of CHAP, or the target proves itself no longer
	RedirectChanged Type = "redirect-changed" // the portal sends us elsewhere, or no longer
	SourceChanged   Type = "source-changed"   // routing picks another source address

	SourceFailed    Type = "registry-failed"    // what is watched cannot be read; the watch goes on with what it knows
	SourceRecovered Type = "registry-recovered" // it can be read again
)

// An Event is one change. Fields that its Type has no use for are zero. Texts of targets
// in it are as they were sent: whoever shows them escapes them.
type Event struct {
	Seq  uint64    // counts the events of a watch from 1, without gaps
	Time time.Time // when it was noticed
	Type Type

	Key           initiator.Key // of the entry; zero: the event is of none
	ISNS          bool          // the entry is an iSNS server
	SymbolicName  string        // of the portal
	Source        netip.Addr    // our address; invalid: not known
	InitiatorPort ports.Port    // that has it

	// Change is that of TargetAppeared, TargetVanished and TargetChanged. Of a PathLost and
	// a PathFound it has the target's name and its addresses at this port. Without a name:
	// the targets could not be remembered, see Config.MaxRemembered.
	Change change.Change

	Up      bool          // of a Snapshot: the last answer succeeded
	Targets int           // at the portal now; of a Snapshot and a PortalRecovered
	After   time.Duration // of a PortalRecovered: how long it had failed

	Err           error  // of a PortalFailed, a SourceFailed and a Snapshot that is not Up; nil: the source knows only the Code
	Code, WasCode uint32 // of Err, see initiator.Code; WasCode is that of the failure before, 0 after a success

	Is, Was string // of AuthChanged, RedirectChanged, SourceChanged: what it is and was, in a few words
}

// clone returns a copy of e that keeps no answer in memory.
func (e Event) clone() *Event {
	c := &e.Change
	c.Target, c.AliasIs, c.AliasWas = strings.Clone(c.Target), strings.Clone(c.AliasIs), strings.Clone(c.AliasWas)
	for _, list := range []*[]target.Address{&c.Is, &c.Was} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i].Host = strings.Clone((*list)[i].Host)
		}
	}
	return &e
}
