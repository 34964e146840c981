package initiator

import (
	"net/netip"
	"strconv"
	"strings"
)

// parseTargetAddress reads host[:port][,tag] (RFC 7143, section 13.8) from the
// right. The reason is empty where the value is good. A missing tag is NoGroup:
// SendTargets answers ought to have one, redirects have none.
func parseTargetAddress(s string) (a TargetAddress, reason string) {
	a = TargetAddress{Port: DefaultPort, Group: NoGroup}
	if i := strings.LastIndexByte(s, ','); i >= 0 {
		tag, err := parseDecimal(s[i+1:])
		if err != nil {
			return a, "the portal group tag is not a number from 0 to 65535"
		}
		a.Group, s = int(tag), s[:i]
	}
	bracketed := strings.HasPrefix(s, "[")
	if bracketed {
		end := strings.LastIndexByte(s, ']')
		if end < 0 {
			return a, "a ']' is missing"
		}
		a.Host, s = s[1:end], s[end+1:]
	} else {
		i := strings.IndexByte(s, ':')
		if i < 0 {
			i = len(s)
		}
		a.Host, s = s[:i], s[i:]
	}
	if s != "" {
		port, err := parseDecimal(strings.TrimPrefix(s, ":"))
		if err != nil || port == 0 || s[0] != ':' {
			return a, "the TCP port is not a number from 1 to 65535"
		}
		a.Port = port
	}
	addr, err := netip.ParseAddr(a.Host)
	switch {
	case bracketed && (err != nil || !addr.Is6()):
		return a, "no IPv6 address in the brackets"
	case err == nil && addr.Zone() != "":
		return a, "a zone, which means nothing here"
	case err == nil:
		// Mostly it is what was sent.
		var room [64]byte
		if canonical := addr.AppendTo(room[:0]); string(canonical) != a.Host {
			a.Host = string(canonical)
		}
		return a, ""
	}
	return a, badHost(a.Host)
}

// parseDecimal reads a number below 2^16 that is nothing but digits.
func parseDecimal(s string) (uint16, error) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err
}

// withZone gives a link-local address the zone of the session that it came by.
func (a TargetAddress) withZone(session netip.Addr) TargetAddress {
	if session.Zone() == "" {
		return a
	}
	if addr, ok := a.Addr(); ok && addr.Is6() && addr.IsLinkLocalUnicast() {
		a.Host = addr.WithZone(session.Zone()).String()
	}
	return a
}
