package isnsverbs

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// maxListed is how much is kept of sessions that have no result yet: addresses, and targets
// that no server names. A portal that lists more is not compared.
const maxListed = 1 << 19

// listings are what is listed in sessions that have no result yet.
type listings struct {
	open map[int]*listing // by index
	kept *int             // of all
}

// A listing is what a portal has listed in a session.
type listing struct {
	addresses []listedAddress // of targets that servers name
	strange   []string        // targets that no server names
	more      int             // of these that were too many to keep
	over      bool            // it lists too much to be compared

	kept *int // of all listings
}

// A listedAddress is an address of a target in a listing, or says only that it lists the
// target.
type listedAddress struct {
	of       *namedTarget
	at       netip.AddrPort // invalid: none
	host     bool           // it is a host name
	unusable bool           // from here
}

func newListings() listings { return listings{open: make(map[int]*listing), kept: new(int)} }

// of returns the listing of a session.
func (l *listings) of(index int) *listing {
	is := l.open[index]
	if is == nil {
		is = &listing{kept: l.kept}
		l.open[index] = is
	}
	return is
}

// end forgets the listing of a session.
func (l *listings) end(index int) {
	if is := l.open[index]; is != nil {
		*l.kept -= len(is.addresses) + len(is.strange)
		delete(l.open, index)
	}
}

// takes reports that there is room for one thing more.
func (l *listing) takes() bool {
	if l.over = l.over || *l.kept >= maxListed; l.over {
		return false
	}
	*l.kept++
	return true
}

// stranger takes a target that no server names.
func (l *listing) stranger(name string) {
	if len(l.strange) >= maxDifferences {
		l.more++
	} else if l.takes() {
		l.strange = append(l.strange, name)
	}
}

// target takes a target that servers name, with its addresses.
func (l *listing) target(n *namedTarget, addresses []target.Address) {
	l.put(listedAddress{of: n})
	for _, a := range addresses {
		addr, ok := a.Addr()
		is := listedAddress{of: n, host: !ok, unusable: a.Unusable != target.Usable}
		if ok {
			is.at = bare(netip.AddrPortFrom(addr, a.Port))
		}
		l.put(is)
	}
}

func (l *listing) put(a listedAddress) {
	if l.takes() {
		l.addresses = append(l.addresses, a)
	}
}
