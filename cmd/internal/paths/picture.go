package paths

import "github.com/go-iscsi/discovery/pkg/initiator"

// A Picture says which paths lead to one target: from initiator ports to portals, and from
// portals to portal groups.
type Picture struct {
	Name, Alias string

	Ports   []Row
	Portals []Place // in the order of their groups
	Groups  []int   // portal group tags, target.NoGroup among them, in their order
	Links   []Link  // by port, then by portal
}

// A Place is a portal at which the target is, or is said to be.
type Place struct {
	Portal     initiator.Portal
	Group      int  // index in Groups; -1: the target does not advertise this portal
	Seen       bool // from one port at least
	Advertised bool
}

// A Link is a path from a port to a portal.
type Link struct {
	Port, Portal int    // indexes
	Seen         bool   // the portal shows the target to this port; else it is only advertised, or no longer shown
	Why          string // why it is not seen, in a few words
}
