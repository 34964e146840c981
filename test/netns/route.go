package netns

import "net/netip"

// A Route says where packets to a destination go.
type Route struct {
	To        netip.Prefix // zero: everywhere, in the family of Via or Source
	Via       netip.Addr   // zero: the destination is on the link
	Interface string       // empty: that by which Via is reached
	Source    netip.Addr   // zero: the system chooses one of the interface's
	Table     int          // zero: the main table
	Metric    int          // zero: the system's default
}

// A Rule says who uses a routing table. Rules of lower priority go first; the
// main table's is 32766.
type Rule struct {
	From     netip.Prefix // zero: whoever
	To       netip.Prefix // zero: wherever
	Table    int
	Priority int // zero: the system chooses, before the main table's
}
