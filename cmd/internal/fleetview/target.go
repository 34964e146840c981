package fleetview

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// What is counted is bounded, whatever hosts publish: a sighting takes some 5 bytes.
const (
	MaxSeen      = 1 << 20 // different names of targets
	MaxSightings = 1 << 26 // targets of all different lists together, each at the portals where it was seen
)

// A JSONFleetTarget is a target, and how many hosts see it.
type JSONFleetTarget struct {
	Target  jsonitem.Text                `json:"target"`
	Hosts   int                          `json:"hosts"`    // that see it at one of the portals
	OfHosts int                          `json:"of_hosts"` // that have one of the portals where it is seen
	Portals jsonitem.List[jsonitem.Text] `json:"portals"`  // where it is seen
}

// TargetHead are the columns of Row.
func TargetHead() []string { return []string{"TARGET", "HOSTS", "PORTALS"} }

// Row is the target for people.
func (j *JSONFleetTarget) Row() []string {
	portals := make([]string, len(j.Portals))
	for i, p := range j.Portals {
		portals[i] = string(p)
	}
	return []string{string(j.Target), fmt.Sprintf("%d of %d", j.Hosts, j.OfHosts), Names(portals)}
}

// An UnreadError is a list of targets that some hosts saw, and that could not be read.
type UnreadError struct {
	Portal string // where it was seen
	Hosts  int    // that saw it
	First  int    // how many of its targets are counted nevertheless
	Err    error  // a *view.MissingError, a *fleet.LieError, or etcd's
}

func (e *UnreadError) Error() string {
	counted := "is not counted"
	if e.First > 0 {
		counted = "is counted in part (" + plural(e.First, "target") + ")"
	}
	return fmt.Sprintf("what %s saw at %s %s: %v", plural(e.Hosts, "host"), e.Portal, counted, e.Err)
}

// Unwrap returns why it could not be read.
func (e *UnreadError) Unwrap() error { return e.Err }

// A census counts which hosts see which targets.
type census struct {
	hosts  map[string]int     // numbers
	groups [][]int            // hosts of each group of paths
	at     []int              // portal of each group
	all    map[string][]int32 // groups that see a target
	left   int                // how many sightings are taken yet
	unread []error
	see    union // of groups
	of     union // of portals
}

// Targets returns the targets that the paths of portals see, by name. Lists come from
// answer; those that it cannot return are among the errors, and where there are more than
// MaxSeen names or MaxSightings the rest is left out and told there too.
func Targets(portals []view.Portal, answer func(fleet.Digest) ([]target.Target, error)) (iter.Seq[JSONFleetTarget], []error) {
	return targetsOf(portals, MaxSightings, answer)
}

// targetsOf does so with a bound of sightings.
func targetsOf(portals []view.Portal, sightings int, answer func(fleet.Digest) ([]target.Target, error)) (iter.Seq[JSONFleetTarget], []error) {
	c := &census{left: sightings, hosts: map[string]int{}, all: map[string][]int32{}, see: union{}, of: union{}}
	for _, s := range seenBy(portals) {
		c.take(s.portal, &portals[s.portal], s.group, answer)
	}
	names := make([]string, 0, len(c.all))
	for name := range c.all {
		names = append(names, name)
	}
	slices.Sort(names)
	have := c.haveOf(portals)
	return func(yield func(JSONFleetTarget) bool) {
		for _, name := range names {
			if !yield(c.target(name, portals, have)) {
				return
			}
		}
	}, c.unread
}

// errTooLarge is an answer that has no list.
var errTooLarge = errors.New("the list is too large to be published")

// A seen is a list of targets that hosts see at a portal.
type seen struct {
	portal int
	group  *view.Group
}

// seenBy returns the lists that hosts see: first those that most of them do, so that one host
// with many long lists does not use up the bounds before others count.
func seenBy(portals []view.Portal) (all []seen) {
	for i := range portals {
		for j := range portals[i].Groups {
			if g := &portals[i].Groups[j]; g.Up && g.Targets > 0 {
				all = append(all, seen{i, g})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b seen) int { return cmp.Compare(b.group.Hosts, a.group.Hosts) })
	return all
}

// What is left out.
var (
	errTooMany    = fmt.Errorf("there are more than %d different targets", MaxSeen)
	errTooManyAll = fmt.Errorf("the lists that differ have more than %d targets together; name a portal, or --host", MaxSightings)
)

// take counts what one group sees.
func (c *census) take(at int, p *view.Portal, g *view.Group, answer func(fleet.Digest) ([]target.Target, error)) {
	var targets []target.Target
	err := errTooLarge
	switch {
	case g.Answer.IsZero():
	case c.left == 0:
		err = errTooManyAll
	default:
		targets, err = answer(g.Answer)
	}
	if len(targets) > c.left {
		targets, err = targets[:c.left], errTooManyAll
	}
	c.left -= len(targets)
	id, counted := int32(len(c.groups)), 0
	for i := range targets {
		if _, known := c.all[targets[i].Name]; !known && len(c.all) >= MaxSeen {
			err = errTooMany
			continue
		}
		counted++
		c.all[targets[i].Name] = append(c.all[targets[i].Name], id)
	}
	if err != nil {
		c.unread = append(c.unread, &UnreadError{Portal: portalText(p.Portal, p.ISNS), Hosts: g.Hosts, First: counted, Err: err})
	}
	c.groups, c.at = append(c.groups, c.numbers(g.Paths)), append(c.at, at)
}

// numbers returns the numbers of the hosts of paths.
func (c *census) numbers(paths []view.Path) (all []int) {
	for _, h := range HostsOf(paths) {
		n, ok := c.hosts[h]
		if !ok {
			n = len(c.hosts)
			c.hosts[h] = n
		}
		all = append(all, n)
	}
	return all
}

// haveOf returns the hosts that have each portal.
func (c *census) haveOf(portals []view.Portal) [][]int {
	have := make([][]int, len(portals))
	for i := range portals {
		for _, g := range portals[i].Groups {
			have[i] = append(have[i], c.numbers(g.Paths)...)
		}
	}
	return have
}

// target counts the hosts of one target.
func (c *census) target(name string, portals []view.Portal, have [][]int) JSONFleetTarget {
	j := JSONFleetTarget{Target: jsonitem.Text(name)}
	ids := c.all[name]
	var at []int32
	for _, id := range ids {
		at = append(at, int32(c.at[id]))
	}
	slices.Sort(at)
	at = slices.Compact(at)
	for _, i := range at {
		j.Portals = append(j.Portals, jsonitem.Text(portalText(portals[i].Portal, portals[i].ISNS)))
	}
	j.Hosts, j.OfHosts = c.see.count(ids, c.groups), c.of.count(at, have)
	return j
}

// A union counts the members of sets together, and keeps what it has counted: many targets
// are seen by the same groups, of thousands of hosts each. Its keys are digests of numbers.
type union map[[sha256.Size]byte]int

// count returns how many members those of some sets have together that are meant by number.
func (u union) count(meant []int32, sets [][]int) int {
	var numbers []byte
	for _, n := range meant {
		numbers = binary.AppendUvarint(numbers, uint64(n))
	}
	key := sha256.Sum256(numbers)
	if n, ok := u[key]; ok {
		return n
	}
	members := map[int]bool{}
	for _, n := range meant {
		for _, m := range sets[n] {
			members[m] = true
		}
	}
	u[key] = len(members)
	return len(members)
}
