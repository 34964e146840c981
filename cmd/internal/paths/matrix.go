package paths

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// A Matrix says what is known of each path of this host: of each initiator port to each
// portal of the registry.
type Matrix struct {
	Rows    []Row    // initiator ports, in the order of their numbers
	Columns []Column // portals, in the order of the arrays
	Arrays  []Array
	Cells   [][]Cell // by row, then by column

	Targets int     // names known at the portals
	Unread  []error // records that could not be read; what they hold is not in the matrix
}

// A Row is an initiator port.
type Row struct {
	Instance  string       // empty: no port is known, see Label
	Number    ports.Number // of the port; ports.All where none is known
	Address   netip.Addr   // invalid: routing would decide, and what was asked so failed before it did
	Interface string
	State     ports.State
}

// Label names the port in a few characters.
func (r *Row) Label() string {
	switch {
	case r.Instance != "" && r.Number != ports.All:
		return r.Instance + "/" + r.Number.String()
	case r.Address.IsValid():
		return r.Address.String() // which no instance has a number for
	case r.Instance != "":
		return r.Instance + "/all"
	}
	return "all"
}

// A Column is a portal.
type Column struct {
	Portal initiator.Portal
	Array  int // index of its array
	Known  int // targets that are known at the portal, with those that are missing
}

// An Array is portals that belong together: they have a target in common, or one advertises
// the address of another. Portals that nothing is known of are gathered by subnet.
type Array struct {
	Name    string // what the names of its targets begin with, or the subnet
	Columns int    // how many columns it has
	Targets int    // known at any of its portals
}

// A State says what is known of a path.
type State string

// The states. Their texts are part of the command's output.
const (
	OK      State = "ok"       // the last answer had all targets that are known at the portal
	Few     State = "few"      // it had fewer
	Failed  State = "failed"   // the last attempt failed
	Unknown State = "unknown"  // the portal was not asked from this port yet
	NoRoute State = "no-route" // it was not asked, and this port does not reach it
)

// A Cell is one path: a portal as it is asked from one port.
type Cell struct {
	State   State         // empty: there is no path, since the row is of no port and none of its entries asks the portal
	Targets int           // that the portal showed here, and that are not missing
	Entry   initiator.Key // of the registry; zero: none asks the portal from this port
	Last    Attempt       // zero: there was none

	// IPsec names what protected the last answer, such as esp. The registry does not keep
	// it, so Read leaves it empty; a caller that has asked the portal may set it.
	IPsec string
}
