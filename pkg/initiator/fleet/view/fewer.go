package view

import (
	"fmt"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Bounds of a comparison.
const (
	maxCompared = 64  // groups at one portal, of most hosts, that others are compared with
	MaxLacks    = 100 // names in Fewer.Lacks
)

// A Fewer is paths that see a part of the targets that more hosts see at the same portal.
type Fewer struct {
	Portal     initiator.Portal
	ISNS       bool
	Paths      []Path   // that see fewer, all the same
	Targets    int      // how many they see
	Incomplete bool     // their answer was cut off
	Peers      int      // how many hosts see more
	PeerSees   int      // how many targets those see
	Lacks      []string // names that the paths lack, in order, at most MaxLacks
}

// A comparison compares the answers at one portal after the other.
type comparison struct {
	difference *Difference
	answer     func(fleet.Digest) ([]target.Target, error)
	unread     map[fleet.Digest]bool // told in Unread
	lies       map[string]bool       // told in Liars
}

// A listed is a group whose list of targets was read.
type listed struct {
	*Group
	names []string
}

// compare compares each group with those of more hosts. Of these it takes the one of most
// hosts that sees all that the group sees and more.
func (c *comparison) compare(p *Portal) {
	if isAlone(p) {
		return
	}
	var larger []listed
	for i := range p.Groups {
		g := &p.Groups[i]
		if !g.Up || g.Answer.IsZero() {
			continue
		}
		names, ok := c.read(p, g)
		if !ok {
			continue
		}
		for _, peer := range larger {
			if peer.Hosts > g.Hosts && isSubset(names, peer.names) {
				c.difference.Fewer = append(c.difference.Fewer, fewer(p, g, names, peer))
				break
			}
		}
		if len(larger) < maxCompared {
			larger = append(larger, listed{g, names})
		}
	}
}

// isAlone reports whether all paths of a portal that are up see the same: then no list is
// read.
func isAlone(p *Portal) bool {
	n := 0
	for i := range p.Groups {
		if p.Groups[i].Up && !p.Groups[i].Answer.IsZero() {
			n++
		}
	}
	return n < 2
}

func fewer(p *Portal, g *Group, names []string, peer listed) Fewer {
	f := Fewer{Portal: p.Portal, ISNS: p.ISNS, Paths: g.Paths, Targets: len(names), Incomplete: g.Incomplete, Peers: peer.Hosts, PeerSees: len(peer.names)}
	for _, name := range peer.names {
		if _, found := slices.BinarySearch(names, name); !found && len(f.Lacks) < MaxLacks {
			f.Lacks = append(f.Lacks, name)
		}
	}
	return f
}

// read reads the list of a group's answer. Hosts that told another number of targets than
// it has lied.
func (c *comparison) read(p *Portal, g *Group) ([]string, bool) {
	targets, err := c.answer(g.Answer)
	if err != nil {
		if !c.unread[g.Answer] {
			c.unread[g.Answer] = true
			c.difference.Unread = append(c.difference.Unread, Unread{Portal: p.Portal, Answer: g.Answer, Err: err})
		}
		return nil, false
	}
	if len(targets) != g.Targets {
		for _, path := range g.Paths {
			if !c.lies[path.Host] {
				c.lies[path.Host] = true
				c.difference.Liars = append(c.difference.Liars, Liar{Host: path.Host, Why: fmt.Sprintf("it says that %s has %d targets; its answer has %d", p.Portal, g.Targets, len(targets))})
			}
		}
		return nil, false
	}
	return namesOf(targets), true
}
