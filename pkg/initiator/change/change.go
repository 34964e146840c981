// Package change compares two answers of a portal: which targets appeared, vanished or
// changed between them.
package change

import (
	"cmp"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A Kind says what became of a target between two answers. Its text is part of the
// command's output.
type Kind string

// The kinds.
const (
	Appeared Kind = "target-appeared" // the target was not in the answer before
	Vanished Kind = "target-vanished" // it is not in the answer any more
	Changed  Kind = "target-changed"  // its addresses, their groups or its alias differ
)

// A Change is what became of one target between two answers of a portal.
type Change struct {
	Kind   Kind
	Target string // its name, as the answer that has it writes it: of two, the later

	Is, Was           []target.Address // nil: the answer does not have the target
	AliasIs, AliasWas string
}

// Between returns what differs between two complete answers of a portal, by the folded
// names of the targets, in their order. The order of an answer's targets, and of a
// target's addresses, is no difference, nor is what a probe found out. Of names that
// differ in case alone the first counts.
func Between(was, is []target.Target) []Change {
	before, after := byName(was), byName(is)
	var changes []Change
	for len(before) > 0 || len(after) > 0 {
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = cmp.Compare(before[0].folded, after[0].folded)
		}
		if order <= 0 {
			if order < 0 {
				t := before[0].Target
				changes = append(changes, Change{Kind: Vanished, Target: t.Name, Was: t.Addresses, AliasWas: t.Alias})
			} else if b, a := before[0].Target, after[0].Target; !Alike(b, a) {
				changes = append(changes, Change{Kind: Changed, Target: a.Name, Is: a.Addresses, Was: b.Addresses, AliasIs: a.Alias, AliasWas: b.Alias})
			}
			before = before[1:]
		}
		if order >= 0 {
			if order > 0 {
				t := after[0].Target
				changes = append(changes, Change{Kind: Appeared, Target: t.Name, Is: t.Addresses, AliasIs: t.Alias})
			}
			after = after[1:]
		}
	}
	return changes
}

// Alike reports that two answers say the same of a target: its alias, and its addresses
// with their groups, in whichever order.
func Alike(a, b *target.Target) bool {
	if a.Alias != b.Alias || len(a.Addresses) != len(b.Addresses) {
		return false
	}
	if slices.EqualFunc(a.Addresses, b.Addresses, sameAddress) {
		return true
	}
	x, y := slices.SortedFunc(slices.Values(a.Addresses), compareAddresses), slices.SortedFunc(slices.Values(b.Addresses), compareAddresses)
	return slices.EqualFunc(x, y, sameAddress)
}

func sameAddress(a, b target.Address) bool { return compareAddresses(a, b) == 0 }

func compareAddresses(a, b target.Address) int {
	return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Unusable, b.Unusable))
}

// A named is a target with its folded name.
type named struct {
	folded string
	*target.Target
}

// byName returns targets in the order of their folded names, each name once.
func byName(targets []target.Target) []named {
	all := make([]named, len(targets))
	for i := range targets {
		all[i] = named{name.Fold(targets[i].Name), &targets[i]}
	}
	slices.SortStableFunc(all, func(a, b named) int { return cmp.Compare(a.folded, b.folded) })
	return slices.CompactFunc(all, func(a, b named) bool { return a.folded == b.folded })
}
