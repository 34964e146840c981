package initiator

// An Unusable says why nobody can connect to an address that a target advertises,
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
