package target

import (
	"net/netip"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A Kind says what an advertised address means beside its text.
type Kind uint8

const (
	ordinaryAddress Kind = iota
	LinkLocalAddress
	wildcardAddress // 0.0.0.0 or [::]: every address of the target
	multicastAddress
	broadcastAddress
	loopbackAddress
)

// kindOf returns the kind of an address.
func kindOf(addr netip.Addr) Kind {
	addr = addr.Unmap()
	switch {
	case addr.IsUnspecified():
		return wildcardAddress
	case addr.IsMulticast():
		return multicastAddress
	case addr.IsLoopback():
		return loopbackAddress
	case addr == zone.Broadcast:
		return broadcastAddress
	case addr.Is6() && addr.IsLinkLocalUnicast():
		return LinkLocalAddress
	}
	return ordinaryAddress
}

// ParseAddress reads host[:port][,tag] (RFC 7143, section 13.8) from the
// right. The reason is empty where the value is good. A missing tag is NoGroup:
// SendTargets answers ought to have one, redirects have none.
//
// Real targets write more than the RFC allows. What has one reading only is taken:
// blanks around the tag, the tag -1 (none), a zone of the target's, which means
// nothing here and is dropped, and an IPv6 address without brackets whose last
// group is DefaultPort or ownPort, the TCP port of the portal in use.
func ParseAddress(s string, ownPort uint16) (a Address, kind Kind, reason string) {
	a = Address{Port: pdu.DefaultPort, Group: NoGroup}
	s, a.Group, reason = cutTag(s)
	if reason != "" {
		return a, kind, reason
	}
	host, rest, bracketed, reason := cutHost(s, ownPort)
	if reason != "" {
		return a, kind, reason
	}
	if a.Host = host; rest != "" {
		port, err := text.ParseDecimal(strings.TrimPrefix(rest, ":"))
		if err != nil || port == 0 || rest[0] != ':' {
			return a, kind, "the TCP port is not a number from 1 to 65535"
		}
		a.Port = port
	}
	addr, err := netip.ParseAddr(a.Host)
	switch {
	case bracketed && (err != nil || !addr.Is6()):
		return a, kind, "no IPv6 address in the brackets"
	case err == nil:
		addr = addr.WithZone("")
		// Mostly it is what was sent.
		var room [64]byte
		if canonical := addr.AppendTo(room[:0]); string(canonical) != a.Host {
			a.Host = string(canonical)
		}
		return a, kindOf(addr), ""
	}
	if isLocalhost(a.Host) {
		kind = loopbackAddress
	}
	return a, kind, name.BadHost(a.Host)
}

// isLocalhost reports a name that every host takes for its own loopback (RFC 6761, section
// 6.3), or that most do.
func isLocalhost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || host == "localhost.localdomain" || strings.HasSuffix(host, ".localhost")
}

// cutTag cuts the portal group tag off.
func cutTag(s string) (rest string, group int, reason string) {
	i := strings.LastIndexByte(s, ',')
	if i < 0 {
		return s, NoGroup, ""
	}
	rest, written := strings.TrimRight(s[:i], " \t"), strings.Trim(s[i+1:], " \t")
	if written == "-1" {
		return rest, NoGroup, ""
	}
	tag, err := text.ParseDecimal(written)
	if err != nil {
		return s, NoGroup, "the portal group tag is not a number from 0 to 65535"
	}
	return rest, int(tag), ""
}

// cutHost cuts the host off what is left: rest is empty, or begins with the colon
// of the port.
func cutHost(s string, ownPort uint16) (host, rest string, bracketed bool, reason string) {
	if strings.HasPrefix(s, "[") {
		end := strings.LastIndexByte(s, ']')
		if end < 0 {
			return s, "", true, "a ']' is missing"
		}
		return s[1:end], s[end+1:], true, ""
	}
	if last := strings.LastIndexByte(s, ':'); isBareIPv6(s, last, ownPort) {
		return s[:last], s[last:], false, ""
	}
	if i := strings.IndexByte(s, ':'); i >= 0 {
		return s[:i], s[i:], false, ""
	}
	return s, "", false, ""
}

// isBareIPv6 reports an IPv6 address without brackets, of which what follows the
// colon at last can be nothing but the TCP port.
func isBareIPv6(s string, last int, ownPort uint16) bool {
	if last < 0 || strings.IndexByte(s, ':') == last {
		return false
	}
	port, err := text.ParseDecimal(s[last+1:])
	if err != nil || port != pdu.DefaultPort && port != ownPort {
		return false
	}
	addr, err := netip.ParseAddr(s[:last])
	return err == nil && addr.Is6()
}

// SeenFrom returns the address as it is to be used by the host that asked: session
// is the address in use. A link-local address gets the zone of the session, and a
// wildcard becomes the address in use.
func (a Address) SeenFrom(session netip.Addr, kind Kind) Address {
	switch kind {
	case LinkLocalAddress:
		if session.Zone() == "" {
			a.Unusable = LinkLocalWithoutZone
		} else if addr, ok := a.Addr(); ok {
			a.Host = addr.WithZone(session.Zone()).String()
		}
	case wildcardAddress:
		a.Host = session.Unmap().String()
	case multicastAddress:
		a.Unusable = MulticastAddress
	case broadcastAddress:
		a.Unusable = BroadcastAddress
	case loopbackAddress:
		if !session.Unmap().IsLoopback() {
			a.Unusable = LoopbackAddress
		}
	}
	return a
}
