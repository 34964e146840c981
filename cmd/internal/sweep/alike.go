package sweep

import (
	"sort"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// Alike are failures of portals that differ in nothing but the address, in the order of the
// portals: those of a block that is silent take memory once, and not for each address.
type alike []alikeRun

// An alikeRun is count portals, one after the other, for which one result stands.
type alikeRun struct {
	first, count int
	result       *initiator.Result
}

// add takes the result of the next portal.
func (a *alike) add(index int, r *initiator.Result) {
	if n := len(*a) - 1; n >= 0 {
		if last := &(*a)[n]; last.result == r && last.first+last.count == index {
			last.count++
			return
		}
	}
	*a = append(*a, alikeRun{index, 1, r})
}

// at returns the result that stands for that of a portal; nil: none does.
func (a alike) at(index int) *initiator.Result {
	i := sort.Search(len(a), func(i int) bool { return a[i].first > index }) - 1
	if i < 0 || index >= a[i].first+a[i].count {
		return nil
	}
	return a[i].result
}
