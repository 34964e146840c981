package isns

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// maxWarnings is how many warnings an Answer keeps, and one that says that there were more.
const maxWarnings = 100

// What the parts of an answer take in memory at most, in bytes beside their text, as
// TestCollectorMemory measures it.
const (
	nodeSize   = 640 // a node: its entries in collector.nodes and order, and in the answer
	portalSize = 320 // a portal: what is known of it
	accessSize = 224 // a portal of a node, or its portal group
	domainSize = 112 // a discovery domain
	memberSize = 112 // a node in a discovery domain
	walkSize   = 96  // a key of DevGetNext
)

// A collector makes an Answer of operating attributes, which come object by object: the
// key of an object, then what else there is of it (RFC 4171, section 5.6.4). A portal
// group belongs to the node that it names or, without a name, to the node before it.
type collector struct {
	limits Limits
	answer *Answer
	memory int // bytes that may still be taken

	asked NodeType // that the server was asked for; 0: of all types
	loose bool     // it answers with nodes that have one bit of such a type, and others

	nodes   map[string]int32 // by folded name, in order
	order   []*gathered      // as they came
	portals map[portalKey]int32
	infos   []portalInfo       // by the numbers of portals
	access  map[way]accessKind // of nodes to portals

	node   *gathered // that attributes belong to; nil: none, or one that was left out
	portal readPortal
	group  readGroup

	domains readDomains
}

// A gathered node is one with what is known of its portals.
type gathered struct {
	Node
	index   int32   // in collector.order
	beside  []int32 // portals that came with the node; they count where it has no groups
	ways    []int32 // portals whose groups give access, in order
	domains []int32 // of which it is a member, in order
	groups  bool    // a group told how the node is reached, or not
	listed  bool    // it came as a node, and not only in a group
	sure    bool    // it came as an answer to a question about targets alone
	before  bool    // in the answer to an earlier question
	crowded bool    // it had more portals or domains than there may be
}

// newCollector returns one that adds to an answer.
func newCollector(a *Answer, l Limits) *collector {
	return &collector{
		limits: l, answer: a, memory: l.MaxMemory,
		nodes: make(map[string]int32), portals: make(map[portalKey]int32), access: make(map[way]accessKind),
		domains: readDomains{byID: make(map[uint32]int32), members: make(map[membershipKey]struct{}), now: -1},
	}
}

// leave ends the object that attributes belong to.
func (c *collector) leave() {
	c.cutPortal()
	c.cutGroup()
	c.node, c.portal, c.group = nil, readPortal{}, readGroup{}
}

// endRound ends an answer to one question: a node that comes again in the next one is the
// same.
func (c *collector) endRound() {
	c.leave()
	for _, n := range c.order {
		n.before = n.listed
	}
}

// warn notes what is odd, once where it is the same as the warning before. What was left
// out makes the answer incomplete.
func (c *collector) warn(code string, lost bool, format string, args ...any) {
	if lost {
		c.answer.Complete = false
	}
	all := c.answer.Warnings
	switch n := len(all); {
	case n < maxWarnings:
		w := Warning{Code: code, Message: fmt.Sprintf(format, args...)}
		if n == 0 || all[n-1] != w {
			c.answer.Warnings = append(all, w)
		}
	case n == maxWarnings:
		c.answer.Warnings = append(all, Warning{Code: WarnMore, Message: fmt.Sprintf("there were more than %d warnings: the others are left out", n)})
	}
}

// take accounts for memory.
func (c *collector) take(n int) error {
	if c.memory -= n; c.memory < 0 {
		return &SizeError{What: "bytes of memory for one answer", Limit: c.limits.MaxMemory}
	}
	return nil
}

// add takes an attribute. An error is a limit of the answer; a bad value, and more than one
// target may have, is a warning. Attributes that were not asked for are passed over.
func (c *collector) add(a *Attribute) error {
	switch a.Tag {
	case TagISCSIName:
		c.leave()
		return c.begin(a)
	case TagNodeType, TagAlias:
		return c.setNode(a)
	case TagPortalAddress:
		c.cutPortal()
		c.portal = c.newPortal(a)
	case TagPortalPort:
		return c.endPortal(a)
	case TagPortalName, TagPortalSecurity:
		return c.setPortal(a)
	case TagPGName, TagPGAddress, TagPGPort, TagPGTag:
		return c.setGroup(a)
	}
	return nil
}

// badValue warns of a value.
func (c *collector) badValue(err error) { c.warn(WarnAttribute, true, "%s%s", err, c.of()) }

// tooMany warns once of a node that has more of something than there may be.
func (c *collector) tooMany(n *gathered, what string) {
	c.answer.Complete = false
	if !n.crowded {
		n.crowded = true
		c.warn(WarnTooMany, true, "target %s has more than %d %s: the others are left out", text.Quote([]byte(n.Name)), c.limits.MaxPortals, what)
	}
}

// of names the node that is being read, for a warning.
func (c *collector) of() string {
	if c.node == nil || len(c.answer.Warnings) >= maxWarnings {
		return ""
	}
	return " (node " + text.Quote([]byte(c.node.Name)) + ")"
}

// begin begins a node, or goes on with one that came before.
func (c *collector) begin(a *Attribute) error {
	s, err := a.Text()
	if err != nil {
		c.badValue(err)
		return nil
	}
	n, err := c.find(s)
	if err != nil || n == nil {
		return err
	}
	if n.listed && !n.before {
		c.warn(WarnDuplicate, false, "target %s came more than once: its portals are put together", text.Quote([]byte(s)))
	}
	n.listed, c.node = true, n
	n.sure = n.sure || c.asked == Target
	return nil
}

// find returns the node of a name, which may be new; nil: the name is harmful.
func (c *collector) find(s string) (*gathered, error) {
	if bad := name.Harmful(s); bad != "" {
		c.warn(target.WarnTargetName, true, "a target was left out: its name %s %s", text.Quote([]byte(s)), bad)
		return nil, nil
	}
	folded := name.Fold(s)
	if i, ok := c.nodes[folded]; ok {
		return c.order[i], nil
	}
	if len(c.nodes) >= c.limits.MaxTargets {
		return nil, &SizeError{What: "targets", Limit: c.limits.MaxTargets}
	}
	if err := c.take(nodeSize + 2*len(s)); err != nil {
		return nil, err
	}
	n := &gathered{Node: Node{Name: s}, index: int32(len(c.order))}
	c.nodes[folded] = n.index
	c.order = append(c.order, n)
	if odd := name.Unusual(s); odd != "" {
		c.warn(target.WarnUnusualName, false, "target %s: %s", text.Quote([]byte(s)), odd)
	}
	return n, nil
}

// setNode takes what there is of a node.
func (c *collector) setNode(a *Attribute) error {
	if c.node == nil || a.IsEmpty() {
		return nil
	}
	if a.Tag == TagNodeType {
		v, err := a.Number()
		if err != nil {
			c.badValue(err)
			return nil
		}
		c.node.Type = NodeType(v)
		c.loose = c.loose || c.asked != c.node.Type && c.asked&c.node.Type != 0
		return nil
	}
	s, err := a.Text()
	if err == nil && len(s) > target.MaxAliasLen {
		err = &AttributeError{Tag: a.Tag, Reason: fmt.Sprintf("the alias is longer than %d bytes", target.MaxAliasLen)}
	}
	if err != nil {
		c.warn(target.WarnTargetAlias, false, "%s%s", err, c.of())
		return nil
	}
	c.node.Alias = s
	return c.take(len(s))
}

// finish puts the targets into the answer, with their portals. A node without a type is a
// target if it came as an answer to a question about targets alone.
func (c *collector) finish() {
	c.leave()
	count := 0
	for _, n := range c.order {
		if n.listed {
			count++
		}
	}
	c.answer.Nodes = make([]Node, 0, count)
	for _, n := range c.order {
		if !n.listed {
			continue
		}
		switch {
		case n.Type&Target != 0, n.Type == 0 && n.sure:
		case n.sure:
			c.warn(WarnNotTarget, false, "node %s was left out: it is %s, and targets were asked for", text.Quote([]byte(n.Name)), n.Type)
			continue
		default: // The question was about other nodes too. open-isns has one of no type for each source of a registration.
			continue
		}
		keys := n.beside
		if n.groups {
			keys = n.ways
		}
		if len(keys) > 0 {
			n.Portals = make([]Portal, len(keys))
		}
		for i, k := range keys {
			n.Portals[i] = c.portalOf(n, k)
		}
		n.Domains = c.domainsOf(n)
		c.answer.Nodes = append(c.answer.Nodes, n.Node)
	}
}

// portalOf returns a portal of a node, with what is known of it.
func (c *collector) portalOf(n *gathered, k int32) Portal {
	info := &c.infos[k]
	p := Portal{Address: info.key, Group: target.NoGroup, Name: info.name, Security: info.security}
	if n.groups {
		p.Group = int(c.access[way{n.index, k}].group)
	}
	return p
}
