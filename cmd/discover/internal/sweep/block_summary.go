package sweep

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
)

// Summary says what became of the addresses of a block.
func (b *Block) Summary() string {
	s := fmt.Sprintf("%s: %d of %s answered", b.Text, b.Answered, machine.Plural(b.Count, "address", "addresses"))
	if b.Failed > 0 {
		s += fmt.Sprintf(", %d failed", b.Failed)
	}
	if b.Silent > 0 {
		s += fmt.Sprintf(", %d silent (%s)", b.Silent, b.reasons())
	}
	if n := b.NotAsked(); n > 0 {
		s += fmt.Sprintf(", %d not asked", n)
	}
	return s
}

// reasons lists why addresses are silent, the most frequent reason first.
func (b *Block) reasons() string {
	var list []string
	for why := range b.Why {
		list = append(list, why)
	}
	sort.Strings(list)
	slices.SortStableFunc(list, func(x, y string) int { return b.Why[y] - b.Why[x] })
	for i, why := range list {
		list[i] = fmt.Sprintf("%s: %d", why, b.Why[why])
	}
	return strings.Join(list, ", ")
}
