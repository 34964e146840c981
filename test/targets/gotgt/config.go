// Package gotgt runs the iSCSI target of github.com/gostor/gotgt as a child
// process. It has to be one: gotgt has data races, ends its process when its
// port is taken, and can be made to crash by one PDU.
//
// The child is any program that calls [Child]; the program gotgtd does only
// that. The parent starts it with [Start].
package gotgt

// A Config is what gotgt serves.
type Config struct {
	// Port is the TCP port. gotgt listens on it on every address of the host,
	// or of the network namespace that it is in.
	Port    uint16
	Targets []Target
}

// A Target is one target of a Config.
type Target struct {
	Name   string
	Groups []Group
	// LUN is the backing store of LUN 0: Null, or "file:" and an absolute
	// path. Empty: the target has no LUN, and can be discovered all the same.
	LUN string
}

// A Group is a portal group of a target.
type Group struct {
	Tag uint16
	// Portals are advertised as they are written, be they true, false or
	// malformed.
	Portals []string
}

// Null is a backing store without storage.
const Null = "null:"
