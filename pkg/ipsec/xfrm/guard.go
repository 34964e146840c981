package xfrm

import (
	"encoding/binary"
	"net/netip"
)

// A guard is what a hold cannot do. When a socket is closed, the kernel still
// answers for it, with a reset or from TIME_WAIT, and does so without its hold:
// a few headers in clear text, without data, but they would leave. So a guard
// demands the same of all packets of the connection, by a policy of the host for
// its two addresses and two ports and nothing else.
//
// Guards of processes that were killed go by themselves: they expire.
type guard struct {
	hold    Hold
	out, in flow
}

// guardSeconds is how long a guard lives that is not taken away.
const guardSeconds = 600

// newGuard returns the guard of a connection whose local port is known.
func newGuard(h Hold, source netip.Addr, port uint16, portal netip.AddrPort) *guard {
	g := &guard{hold: h}
	g.out, _ = flows(source, portal)
	g.out.from = netip.AddrPortFrom(g.out.from.Addr(), port)
	g.in = flow{from: g.out.to, to: g.out.from}
	return g
}

// Where the policy has its times: the fifth and sixth of its limits.
const policyExpires = policyLifetime + 5*8

// policy returns one direction as struct xfrm_userpolicy_info. Its priority is
// the highest that there is, zero.
func (g *guard) policy(dir byte) []byte {
	f := g.out
	if dir == dirIn {
		f = g.in
	}
	b := g.hold.option(dir, family(f.to.Addr()))[:policyLen]
	copy(b, f.selector())
	binary.NativeEndian.PutUint64(b[policyExpires:], guardSeconds)
	return b
}

// selector returns the selector of one connection's packets.
func (f flow) selector() []byte {
	var s selector
	putAddr(s[selectorDestination:], f.to.Addr())
	putAddr(s[selectorSource:], f.from.Addr())
	for at, port := range map[int]uint16{selectorDestinationPort: f.to.Port(), selectorSourcePort: f.from.Port()} {
		binary.BigEndian.PutUint16(s[at:], port)
		binary.BigEndian.PutUint16(s[at+2:], 0xffff)
	}
	binary.NativeEndian.PutUint16(s[selectorFamily:], family(f.to.Addr()))
	s[selectorDestinationBits], s[selectorSourceBits] = byte(f.to.Addr().BitLen()), byte(f.from.Addr().BitLen())
	s[selectorProtocol] = protoTCP
	return s[:]
}

// guards reports whether a policy is one for a single connection at the highest
// priority, as a guard is. It does not concern a connection to come.
func (p *policy) guards() bool {
	_, near := p.selector.ports(selectorSourcePort)
	_, far := p.selector.ports(selectorDestinationPort)
	return p.priority == 0 && near == 0xffff && far == 0xffff && p.selector.protocol() == protoTCP &&
		p.selector.source().IsSingleIP() && p.selector.destination().IsSingleIP() && p.effect() != effectPass
}
