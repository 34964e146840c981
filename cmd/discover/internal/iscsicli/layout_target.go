package iscsicli

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Mechanisms lays out how a target was found: a text for each, which TargetInfo
// takes as its second argument.
func (l *Layout) Mechanisms(t *registry.KnownTarget) {
	l.Line("Target %s was found by:", l.escape(t.Name))
	for _, m := range t.Mechanisms {
		l.Line(`         "%s"`, l.escape(m.Text))
	}
}

// Mechanism lays out what one mechanism has found of a target: the only one in t.
func (l *Layout) Mechanism(t *registry.KnownTarget) {
	m := &t.Mechanisms[0]
	l.Line(`Target %s as found by "%s":`, l.escape(t.Name), l.escape(m.Text))
	l.field("Protocol Type", "TCP")
	l.field("Target Alias", l.escape(m.Alias))
	groups := portalGroups(m.Addresses)
	l.field("Portal Groups", fmt.Sprint(len(groups)))
	for _, g := range groups {
		l.field("Portal Group", g.tag())
		l.field("Portals", fmt.Sprint(len(g.addresses)))
		for _, a := range g.addresses {
			l.socket(a.Host, a.Port)
			l.field("Symbolic Name", "")
		}
	}
	l.field("Initiator Name", l.escape(m.Portal.Instance))
	l.field("Target Flags", fmt.Sprintf("%#x", uint32(m.Flags)), targetFlagNames(m.Flags)...)
	l.field("Login Options", "<not kept>")
	l.field("Mappings", "0")
}

func targetFlagNames(f registry.TargetFlags) (names []string) {
	if f&registry.HideStaticTarget != 0 {
		names = append(names, "Hide Static Target")
	}
	if f&registry.MergeTargetInformation != 0 {
		names = append(names, "Merge Target Information")
	}
	return names
}

// A portalGroup is the addresses with one tag.
type portalGroup struct {
	number    int
	addresses []target.Address
}

func (g *portalGroup) tag() string {
	if g.number == target.NoGroup {
		return "<Unknown>"
	}
	return fmt.Sprint(g.number)
}

// portalGroups returns addresses by tag, in the order in which the tags come.
func portalGroups(addresses []target.Address) (groups []*portalGroup) {
	byNumber := make(map[int]*portalGroup)
	for _, a := range addresses {
		g := byNumber[a.Group]
		if g == nil {
			g = &portalGroup{number: a.Group}
			byNumber[a.Group] = g
			groups = append(groups, g)
		}
		g.addresses = append(g.addresses, a)
	}
	return groups
}
