package sweep

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// maxReasons is how many reasons are told apart in a group.
const maxReasons = 16

// counted are the addresses of a group.
type counted struct {
	number int
	why    map[string]int // by reason
}

// Take counts an address. why is a few words without the address, see GroupOf.
func (b *Block) Take(g Group, why string) {
	c := &b.counted[g]
	c.number++
	if why == "" {
		return
	}
	if c.why == nil {
		c.why = make(map[string]int)
	}
	if _, known := c.why[why]; !known && len(c.why) >= maxReasons {
		why = otherReasons
	}
	c.why[why]++
}

// Number returns how many addresses are in some groups.
func (b *Block) Number(of ...Group) (n int) {
	for _, g := range of {
		n += b.counted[g].number
	}
	return n
}

// Why returns how many addresses of some groups there are for each reason; never nil.
func (b *Block) Why(of ...Group) map[string]int {
	all := make(map[string]int)
	for _, g := range of {
		for why, n := range b.counted[g].why {
			all[why] += n
		}
	}
	return all
}

// NotAsked returns how many addresses of the block a cancelled run left out: also those
// that have no result at all.
func (b *Block) NotAsked() int {
	n := b.Count
	for g := range NotAsked {
		n -= b.counted[g].number
	}
	return n
}

// Summary says what became of the addresses of a block: a group after the other, with
// reasons where they say more than the group.
func (b *Block) Summary() string {
	what, all := b.Text, wording.Plural(b.Count, "address", "addresses")
	if what == "" {
		what, all = "portals given one by one", fmt.Sprint(b.Count)
	}
	s := fmt.Sprintf("%s: %d of %s answered", what, b.Number(Answered), all)
	for _, g := range []struct {
		of      Group
		words   string
		reasons bool
	}{
		{Refusing, "failed in iSCSI", true},
		{Foreign, "not iSCSI", true},
		{Failed, "failed otherwise", true},
		{Refused, "refused the connection", false},
		{Unreachable, "unreachable", true},
		{Silent, "silent", false},
		{Unconnected, "could not be tried", true},
		{Interrupted, "without a result when interrupted", false},
	} {
		n := b.Number(g.of)
		if n == 0 {
			continue
		}
		s += fmt.Sprintf(", %d %s", n, g.words)
		if g.reasons {
			s += " (" + reasons(b.Why(g.of)) + ")"
		}
	}
	if n := b.NotAsked(); n > 0 {
		s += fmt.Sprintf(", %d not asked", n)
	}
	return s
}

// reasons lists reasons, the most frequent first.
func reasons(why map[string]int) string {
	list := slices.Collect(maps.Keys(why))
	sort.Strings(list)
	slices.SortStableFunc(list, func(x, y string) int { return why[y] - why[x] })
	for i, reason := range list {
		list[i] = fmt.Sprintf("%s: %d", reason, why[reason])
	}
	return strings.Join(list, ", ")
}
