package ikev2

import (
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// Lifetimes of what this end negotiates. IKEv2 does not say them to the peer (RFC 7296,
// section 2.8).
const (
	lifetimeIKE   = 8 * time.Hour
	lifetimeChild = time.Hour

	// overlap is how long a child receives by associations that were replaced.
	overlap = 10 * time.Second

	// renewal is how long a child whose associations the peer deleted waits for new
	// ones. With what follows, the connection ends within a second.
	renewal = 900 * time.Millisecond

	// retryAfter is how long a rekey that the peer refused is put off.
	retryAfter = 30 * time.Second

	// temporary is how long a request that the peer cannot do at the moment is put
	// off (RFC 7296, section 2.25).
	temporary = 500 * time.Millisecond
)

func rekeyAfter(lifetime time.Duration) time.Duration { return lifetime * 8 / 10 }

// A pair are the two associations of ESP of a child.
type pair struct {
	in, out       uint32 // SPIs; in is ours
	local, portal selector
	rekeyAt, ends time.Time
	deleted       bool // the peer was told, or told us
	lowest        []byte
}

// A child is a connection that needs associations of ESP.
type child struct {
	id    int
	want  ike.Child
	level int // of the selectors

	up      bool // ChildUp was told
	gone    bool // Drop or ChildDown: nothing is told any more
	renewed bool // the peer deleted its associations once
	expires time.Time
	current *pair
	old     []*pair
	offer   *offer       // outstanding
	retryAt time.Time    // when to ask again; zero: nothing to ask
	failure *ike.Failure // why it ended, or what the last answer was
}

// An offer is a request for associations of ESP, in IKE_AUTH or CREATE_CHILD_SA.
type offer struct {
	child   *child
	old     *pair // that it replaces; nil: none
	spi     uint32
	nonce   []byte
	key     *ike.KeyPair // nil: without perfect forward secrecy
	retried bool         // the peer has asked for another group
	rival   *pair        // by which the peer replaced the same pair meanwhile
}

// pfs reports whether the child wants perfect forward secrecy.
func (c *child) pfs() bool { return c.want.Suites[0].Group != 0 }

// group returns the group of perfect forward secrecy to begin with: that on which the peer
// has agreed for IKE, where it is offered. Libreswan 4.10 answers a key of another group than
// its own by INVALID_SYNTAX here, and does not name the group that it wants.
func (c *child) group(agreed ike.Group) ike.Group {
	if slices.ContainsFunc(c.want.Suites, func(s ike.ESPSuite) bool { return s.Group == agreed }) {
		return agreed
	}
	return c.want.Suites[0].Group
}

// pairs returns all pairs.
func (c *child) pairs() []*pair {
	if c.current == nil {
		return c.old
	}
	return append(c.old[:len(c.old):len(c.old)], c.current)
}

// retire keeps a pair until it expires.
func (c *child) retire(p *pair, until time.Time) {
	if p != nil {
		p.ends = until
		c.old = append(c.old, p)
	}
}

// payloads returns what goes with an offer in a request: the SA, the selectors and the
// mode. group says that the proposals have groups.
func (o *offer) payloads(group bool) []ike.Payload {
	local, portal := o.selectors()
	list := []ike.Payload{
		saPayload(offerESP(o.child.suites(group), spiBytes(o.spi), group)...),
		{Type: payloadTSi, Body: appendSelectors(nil, local)},
		{Type: payloadTSr, Body: appendSelectors(nil, portal)},
	}
	if !o.child.want.Tunnel {
		list = append(list, notify{kind: notifyUseTransportMode}.payload())
	}
	return list
}

// selectors returns what traffic an offer is for. A rekey is for the same as before: in
// transport mode by the addresses of the connection, whatever the peer has put in their
// place because of an address translation.
func (o *offer) selectors() (local, portal selector) {
	want := o.child.want
	if o.old == nil {
		return selectors(want, o.child.level)
	}
	local, portal = o.old.local, o.old.portal
	if !want.Tunnel {
		local, portal = local.translated(exact(want.Local)), portal.translated(exact(want.Portal))
	}
	return local, portal
}

// selected returns the selectors of an answer, which are within what was offered. OpenIKED
// 7.2 answers an offer for one connection by all that its policy has: of a new child that
// is taken where it is no more than the last offer that would be made to a peer that
// refuses narrow ones.
func (o *offer) selected(answer *contents) (local, portal selector, ok bool) {
	want := o.child.want
	within := func(l, p selector) bool {
		var ok1, ok2 bool
		local, ok1 = agreed(answer.tsi, l, exact(want.Local), !want.Tunnel)
		portal, ok2 = agreed(answer.tsr, p, exact(want.Portal), !want.Tunnel)
		return ok1 && ok2
	}
	if within(o.selectors()) {
		return local, portal, true
	}
	return local, portal, o.old == nil && within(selectors(want, levelAddresses))
}

// outdated reports whether the peer has deleted the pair that the offer was to replace:
// new associations are asked for then, whatever the answer to the offer is.
func (o *offer) outdated() bool {
	return o.old != nil && o.rival == nil && o.child.current != o.old
}

// suites returns what is offered: without groups each suite once.
func (c *child) suites(group bool) []ike.ESPSuite {
	if group {
		return c.want.Suites
	}
	var list []ike.ESPSuite
	seen := map[ike.ESPSuite]bool{}
	for _, s := range c.want.Suites {
		s.Group, s.ESN = 0, false
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

func spiBytes(spi uint32) []byte {
	return []byte{byte(spi >> 24), byte(spi >> 16), byte(spi >> 8), byte(spi)}
}
