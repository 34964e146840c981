package view

import (
	"fmt"
	"math"
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
	var larger []listed
	due := toRead(p)
	for i := range p.Groups {
		g := &p.Groups[i]
		if !due[i] {
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

// toRead reports of each group whether its list has to be read. Of a few groups all are,
// so that a wrong number of targets is noticed; none of one. Of many those are of which more
// hosts say that they see more targets, or fewer hosts that they see fewer, or of whose answer
// hosts tell different numbers: where each host sees a list of its own, none is read.
func toRead(p *Portal) []bool {
	due := make([]bool, len(p.Groups))
	if n := p.listed(); n <= maxCompared {
		for i := range p.Groups {
			due[i] = n > 1 && p.Groups[i].isListed()
		}
		return due
	}
	count := map[fleet.Digest]int{} // of targets, as the first group tells it
	lied := map[fleet.Digest]bool{}
	at, most := 0, -1 // groups before at have more hosts than this one, and see so many at most
	for i := range p.Groups {
		g := &p.Groups[i]
		if !g.isListed() {
			continue
		}
		if n, told := count[g.Answer]; told && n != g.Targets {
			lied[g.Answer] = true
		} else {
			count[g.Answer] = g.Targets
		}
		for ; p.Groups[at].Hosts > g.Hosts; at++ {
			if before := &p.Groups[at]; before.isListed() {
				most = max(most, before.Targets)
			}
		}
		due[i] = g.Targets < most
	}
	at, least := len(p.Groups)-1, math.MaxInt // likewise from the other end
	for i := len(p.Groups) - 1; i >= 0; i-- {
		g := &p.Groups[i]
		if !g.isListed() {
			continue
		}
		for ; p.Groups[at].Hosts < g.Hosts; at-- {
			if behind := &p.Groups[at]; behind.isListed() {
				least = min(least, behind.Targets)
			}
		}
		due[i] = due[i] || least < g.Targets || lied[g.Answer]
	}
	return due
}

// listed returns of how many groups there is a list.
func (p *Portal) listed() (n int) {
	for i := range p.Groups {
		if p.Groups[i].isListed() {
			n++
		}
	}
	return n
}

// isListed reports whether there is a list of what the group sees.
func (g *Group) isListed() bool { return g.Up && !g.Answer.IsZero() }

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
