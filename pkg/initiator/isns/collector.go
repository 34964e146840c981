package isns

import (
	"fmt"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// maxWarnings is how many warnings an Answer keeps.
const maxWarnings = 100

// What the parts of an answer take in memory, about, in bytes beside their text.
const (
	nodeSize   = 256
	portalSize = 192
	domainSize = 48
)

// A collector makes an Answer of operating attributes, which come object by object: the
// key of an object, then what else there is of it (RFC 4171, section 5.6.4). A portal
// group belongs to the node that it names or, without a name, to the node before it.
type collector struct {
	limits Limits
	answer *Answer
	memory int // bytes that may still be taken

	anyNode bool // the server was asked for nodes of all types

	nodes   map[string]*gathered // by folded name
	order   []*gathered          // as they came
	portals map[portalKey]*portalInfo

	node   *gathered // that attributes belong to; nil: none, or one that was left out
	portal readPortal
	group  readPortal
	owner  *gathered // that the group names; nil: it names none

	domain   Domain // that is being read
	inDomain bool   // it has an ID
}

// A gathered node is one with what is known of its portals.
type gathered struct {
	Node

	ways    map[portalKey]int // portals that give access, with their group
	denied  map[portalKey]bool
	beside  []portalKey // portals that came with the node; they count where it has no groups
	inOrder []portalKey // of ways
	listed  bool        // it came as a node, and not only in a group
	before  bool        // in the answer to an earlier question
}

// newCollector returns one that adds to an answer.
func newCollector(a *Answer, l Limits) *collector {
	return &collector{
		limits: l, answer: a, memory: l.MaxMemory,
		nodes: make(map[string]*gathered), portals: make(map[portalKey]*portalInfo),
	}
}

// warn notes what is odd. What was left out makes the answer incomplete.
func (c *collector) warn(code string, lost bool, format string, args ...any) {
	if lost {
		c.answer.Complete = false
	}
	if len(c.answer.Warnings) < maxWarnings {
		c.answer.Warnings = append(c.answer.Warnings, Warning{Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

// take accounts for memory.
func (c *collector) take(n int) error {
	if c.memory -= n; c.memory < 0 {
		return &SizeError{What: "bytes of memory for one answer", Limit: c.limits.MaxMemory}
	}
	return nil
}

// add takes an attribute. An error is a limit; a bad value is a warning.
func (c *collector) add(a *Attribute) error {
	switch a.Tag {
	case TagISCSIName:
		c.node, c.owner = nil, nil
		return c.begin(a)
	case TagNodeType, TagAlias:
		c.setNode(a)
	case TagPortalAddress:
		c.portal = c.newPortal(a)
	case TagPortalPort:
		return c.endPortal(a)
	case TagPortalName, TagPortalSecurity:
		return c.setPortal(a)
	case TagPGName:
		c.owner = nil
		return c.setOwner(a)
	case TagPGAddress:
		c.group = c.newPortal(a)
	case TagPGPort:
		c.group.setPort(c, a)
	case TagPGTag:
		return c.endGroup(a)
	}
	return nil
}

// endRound ends an answer to one question: a node that comes again in the next one is the
// same.
func (c *collector) endRound() {
	c.node, c.owner = nil, nil
	for _, n := range c.order {
		n.before = n.listed
	}
}

// badValue warns of a value.
func (c *collector) badValue(err error) {
	c.warn(WarnAttribute, true, "%s%s", err, c.of())
}

// of names the node that is being read, for a warning.
func (c *collector) of() string {
	if c.node == nil {
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
	n, err := c.named(s)
	if err != nil || n == nil {
		return err
	}
	if n.listed && !n.before {
		c.warn(WarnDuplicate, false, "target %s came more than once: its portals are put together", text.Quote([]byte(s)))
	}
	n.listed, c.node = true, n
	return nil
}

// named returns the node of a name; nil: the name is harmful.
func (c *collector) named(s string) (*gathered, error) {
	if bad := name.Harmful(s); bad != "" {
		c.warn(target.WarnTargetName, true, "a target was left out: its name %s %s", text.Quote([]byte(s)), bad)
		return nil, nil
	}
	folded := name.Fold(s)
	if n, ok := c.nodes[folded]; ok {
		return n, nil
	}
	if len(c.nodes) >= c.limits.MaxTargets {
		return nil, &SizeError{What: "targets", Limit: c.limits.MaxTargets}
	}
	if err := c.take(nodeSize + 2*len(s)); err != nil {
		return nil, err
	}
	n := &gathered{Node: Node{Name: s}}
	c.nodes[folded] = n
	c.order = append(c.order, n)
	if odd := name.Unusual(s); odd != "" {
		c.warn(target.WarnUnusualName, false, "target %s: %s", text.Quote([]byte(s)), odd)
	}
	return n, nil
}

// setNode takes what there is of a node.
func (c *collector) setNode(a *Attribute) {
	if c.node == nil {
		return
	}
	if a.Tag == TagNodeType {
		v, err := a.Number()
		if err != nil {
			c.badValue(err)
			return
		}
		c.node.Type = NodeType(v)
		return
	}
	if a.IsEmpty() {
		return
	}
	s, err := a.Text()
	if err == nil && (len(s) > target.MaxAliasLen || !utf8.ValidString(s)) {
		err = &AttributeError{Tag: a.Tag, Reason: "the alias is longer than 255 bytes"}
	}
	if err != nil {
		c.warn(target.WarnTargetAlias, false, "%s%s", err, c.of())
		return
	}
	if c.take(len(s)) == nil {
		c.node.Alias = s
	}
}

// finish puts the nodes into the answer, with their portals.
func (c *collector) finish() {
	for _, n := range c.order {
		if !n.listed || !c.isTarget(n.Type) {
			continue
		}
		keys := n.inOrder
		if len(n.ways) == 0 && len(n.denied) == 0 {
			keys = n.beside
		}
		for _, k := range keys {
			group, ok := n.ways[k]
			if !ok {
				group = target.NoGroup
			}
			c.addPortal(&n.Node, k, group)
		}
		c.answer.Nodes = append(c.answer.Nodes, n.Node)
	}
}

// isTarget reports whether a node of a type is one of the answer. Without a type it is if
// it came as an answer to a question about targets.
func (c *collector) isTarget(t NodeType) bool { return t&Target != 0 || t == 0 && !c.anyNode }

// addPortal adds a portal to a node, with what is known of it.
func (c *collector) addPortal(n *Node, k portalKey, group int) {
	p := Portal{Address: k, Group: group}
	if info := c.portals[k]; info != nil {
		p.Name, p.Security = info.name, info.security
	}
	n.Portals = append(n.Portals, p)
}
