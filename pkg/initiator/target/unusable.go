package target

import (
	"fmt"
	"slices"
	"strings"
)

// unusableAddresses are those of an answer to which no connection from this host is possible.
type unusableAddresses struct {
	named  []Address // the first few, each once
	others bool      // there were more
	warned bool      // about a wildcard
}

// maxUnusable is how many addresses the warning names.
const maxUnusable = 8

func (u *unusableAddresses) reset() { *u = unusableAddresses{named: u.named[:0]} }

// add notes an address. Group tags do not count.
func (u *unusableAddresses) add(a Address) {
	a.Group = NoGroup
	switch {
	case slices.Contains(u.named, a):
	case len(u.named) < maxUnusable:
		u.named = append(u.named, a)
	default:
		u.others = true
	}
}

// String names the addresses and says why.
func (u *unusableAddresses) String() string {
	var list []string
	for _, a := range u.named {
		list = append(list, fmt.Sprintf("%s (%s)", strings.TrimSuffix(a.String(), ",-1"), a.Unusable))
	}
	if u.others {
		list = append(list, "and others")
	}
	return strings.Join(list, ", ")
}

// place makes an address that is not an ordinary one what it is from here.
func (l *Parser) place(a Address, kind Kind) Address {
	was := a
	a = a.SeenFrom(l.session.Addr(), kind)
	if kind == wildcardAddress && !l.unusable.warned {
		l.unusable.warned = true
		l.warn(WarnWildcard, "the target advertises %s, which stands for all of its addresses; %s, the address in use, is listed instead", strings.TrimSuffix(was.String(), ",-1"), a.Host)
	}
	if a.Unusable != Usable {
		l.unusable.add(a)
	}
	return a
}

// WarnUnusable says which advertised addresses are of no use, once for a portal.
func (l *Parser) WarnUnusable() {
	if len(l.unusable.named) > 0 {
		l.Warning(WarnUnusable, "advertised addresses that cannot be connected to from here: %s", &l.unusable)
	}
}

// An Unusable says why no connection is possible to an address that a target advertises,
// from the host that asked. The zero value: the address may be used.
type Unusable uint8

// The reasons.
const (
	Usable               Unusable = iota
	LinkLocalWithoutZone          // a link-local IPv6 address, in an answer that did not come over a link-local session
	MulticastAddress              // a group of hosts, not a host
	BroadcastAddress              // 255.255.255.255
	LoopbackAddress               // of the target itself: the portal in use is not on loopback
)

// String returns the reason in a few words; empty for Usable.
func (u Unusable) String() string {
	switch u {
	case LinkLocalWithoutZone:
		return "link-local without a zone"
	case MulticastAddress:
		return "a multicast address"
	case BroadcastAddress:
		return "a broadcast address"
	case LoopbackAddress:
		return "a loopback address of the target"
	}
	return ""
}

// A Reach is what a probe of an advertised address found out. The zero value: no
// probe was asked for.
type Reach uint8

// The outcomes.
const (
	NotProbed   Reach = iota
	NotTried          // a probe was asked for and not made: see the warnings of the result
	Reachable         // TCP connected, or the login succeeded
	Unreachable       // no answer, no route, or the login failed
	Refused           // the host answered, and nothing listens there
)

// String returns the word that the command prints; empty for NotProbed.
func (r Reach) String() string {
	switch r {
	case NotTried:
		return "not tried"
	case Reachable:
		return "reachable"
	case Unreachable:
		return "unreachable"
	case Refused:
		return "refused"
	}
	return ""
}
