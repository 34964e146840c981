package view

import (
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// Bounds of a View. What is beyond them is counted as Odd and not read.
const (
	MaxHosts   = 1 << 17 // hosts
	MaxDesired = 1 << 14 // each of portals, policies and login templates
	MaxOdd     = 1 << 13 // keys that are counted as Odd
	MaxOddKept = 100     // of which View.Odd has so many
)

// A View is the fleet at one revision of etcd. Nothing in it changes once it is handed out,
// and whoever has it must not change it either.
type View struct {
	Revision int64     // of etcd's store, of the newest change in the view; 0: nothing was read yet
	AsOf     time.Time // when etcd last answered, by this host's clock; zero: never
	Stale    time.Time // since when etcd does not answer; zero: it does
	Err      error     // why not; nil where Stale is zero
	Full     bool      // etcd has reached its quota: what hosts see since then is not in it
	Leader   string    // name of the host that leads; empty: none does

	Hosts    map[string]*Host                   // by name
	Desired  map[initiator.Portal]*fleet.Portal // portals that hosts are to ask, by address in its canonical form and TCP port
	Policies map[string]*fleet.Policy           // by selector
	Logins   map[string]*fleet.Login            // by name

	Scans []Scan // shared scans that run, the oldest first, at most MaxScans

	Odd      []Odd // by key, the first MaxOddKept
	OddCount int   // how many there are, at most MaxOdd
}

// A Host is a host of the fleet.
type Host struct {
	Name  string
	Info  *fleet.Info                 // nil: the host is silent, or see Err
	Err   error                       // why its record cannot be read: *fleet.NewerError or *fleet.RecordError
	Twins map[string]*fleet.Twin      // hosts with the same name, which publish nothing; by fleet.TwinOf
	Known *fleet.Known                // what the leader remembers of it; nil: nothing (yet)
	Paths map[fleet.Entry]*fleet.Path // by entry; addresses are canonical, instances folded

	info, known int64 // etcd's revisions when the records Info and Known were made
}

// Silent reports whether the host publishes nothing: its lease has ended. Paths that it may
// have left do not count.
func (h *Host) Silent() bool { return h.Info == nil && h.Err == nil }

// empty reports whether nothing is known of the host.
func (h *Host) empty() bool {
	return h.Silent() && h.Known == nil && len(h.Paths) == 0 && len(h.Twins) == 0
}

// An Odd is a key below the fleet's prefix that this version cannot read: it is none of the
// fleet's, or its record is newer or wrong. It is shown, and otherwise passed over.
type Odd struct {
	Key  string // as it was written, cut to 512 bytes
	Host string // below whose prefix it is; empty: below none
	Err  error  // *fleet.NewerError or *fleet.RecordError
}
