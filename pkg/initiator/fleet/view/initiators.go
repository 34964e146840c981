package view

import (
	"cmp"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// A SameInitiator is an initiator name with which several hosts log in, as after a host was
// copied with it. A target takes them for one initiator: where their ISIDs are equal as well,
// the login of one ends the session of the other (RFC 7143 §6.3.5), and an access list cannot
// tell them apart.
type SameInitiator struct {
	Name  string   // as the first of the hosts has it; they may differ in case
	Hosts []string // at least two, by name
}

// sameInitiators compares the initiator names of all hosts that are not silent.
func (v *View) sameInitiators() (all []SameInitiator) {
	hosts := map[string][]string{} // by folded initiator name
	for _, h := range v.Hosts {
		if h.Info != nil && h.Info.InitiatorName != "" {
			folded := name.Fold(h.Info.InitiatorName)
			hosts[folded] = append(hosts[folded], h.Name)
		}
	}
	for _, names := range hosts {
		if len(names) > 1 {
			slices.Sort(names)
			all = append(all, SameInitiator{Name: v.Hosts[names[0]].Info.InitiatorName, Hosts: names})
		}
	}
	slices.SortFunc(all, func(a, b SameInitiator) int { return cmp.Compare(a.Hosts[0], b.Hosts[0]) })
	return all
}
