package initiator

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// DefaultPort is the TCP port of a target portal that names none (RFC 7143,
// section 15.1).
const DefaultPort = 3260

// MaxAddressLen is the longest address of a portal in bytes
// (MAX_ISCSI_PORTAL_ADDRESS_LEN of the reference API, without the NUL).
const MaxAddressLen = 255

// A Portal is where SendTargets goes (ISCSI_TARGET_PORTAL of the reference
// API).
type Portal struct {
	SymbolicName string // a label; of no effect
	Address      string // an IP literal, with a zone where it is link-local, or a host name; no brackets
	Port         uint16 // TCP port ("socket" in the reference API); 0 is refused
}

// ParsePortal reads a portal as people write it: host, host:port, v4, v4:port,
// v6, [v6], [v6]:port, fe80::1%eth0. Where no port is named it is defaultPort.
// The error is a *isdsc.Error and says what would be right.
func ParsePortal(s string, defaultPort uint16) (Portal, error) {
	host, port := s, ""
	bracketed := false
	switch {
	case strings.HasPrefix(s, "["):
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return Portal{}, badPortal(s, "a ']' is missing")
		}
		bracketed = true
		host, port = s[1:end], s[end+1:]
		if port != "" && !strings.HasPrefix(port, ":") {
			return Portal{}, badPortal(s, "only :PORT may follow ']'")
		}
		if port == ":" {
			return Portal{}, badPortal(s, "no port after ':'")
		}
		port = strings.TrimPrefix(port, ":")
	case strings.Count(s, ":") == 1:
		host, port, _ = strings.Cut(s, ":")
		if port == "" {
			return Portal{}, badPortal(s, "no port after ':'")
		}
	}
	p := Portal{Address: host, Port: defaultPort}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return Portal{}, badPortal(s, "a TCP port is a number from 1 to 65535")
		}
		p.Port = uint16(n)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if bracketed && addr.Is4() {
			return Portal{}, badPortal(s, "brackets are for IPv6")
		}
		return p, nil
	}
	if bracketed || strings.ContainsAny(host, ":%") {
		return Portal{}, badPortal(s, "not an IPv6 address; with a port it is [ADDRESS]:PORT")
	}
	if reason := badHost(host); reason != "" {
		return Portal{}, badPortal(s, reason)
	}
	return p, nil
}

func badPortal(s, reason string) error {
	return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "portal " + strconv.Quote(cut(s, 80)), Reason: reason}
}

// badHost says why s is neither an IPv4 address nor a host name; empty: it is
// one.
func badHost(s string) string {
	switch {
	case s == "":
		return "no host"
	case len(s) > MaxAddressLen:
		return fmt.Sprintf("a host of more than %d bytes", MaxAddressLen)
	}
	digits := true
	for _, label := range strings.Split(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 {
			return "not a host name: each part has 1 to 63 characters"
		}
		if label[0] == '-' || label[len(label)-1] == '-' {
			return "not a host name: no part begins or ends with '-'"
		}
		for _, c := range []byte(label) {
			switch {
			case '0' <= c && c <= '9':
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_':
				digits = false
			default:
				return "not a host name: only letters, digits, '-' and '_'"
			}
		}
	}
	if digits {
		return "not an IPv4 address"
	}
	return ""
}

// validate holds p against the rules of the reference API.
func (p Portal) validate() error {
	refuse := func(code uint32, reason string) error {
		return &isdsc.Error{Code: code, What: "portal", Reason: reason}
	}
	switch {
	case p.Address == "":
		return refuse(isdsc.NoPortalSpecified, "no address")
	case len(p.Address) > MaxAddressLen:
		return refuse(isdsc.Win32InvalidParameter, fmt.Sprintf("an address of more than %d bytes", MaxAddressLen))
	case len(p.SymbolicName) > MaxAddressLen:
		return refuse(isdsc.Win32InvalidParameter, fmt.Sprintf("a symbolic name of more than %d bytes", MaxAddressLen))
	case p.Port == 0:
		return refuse(isdsc.Win32InvalidParameter, "TCP port 0")
	}
	addr, err := netip.ParseAddr(p.host())
	switch {
	case err != nil:
		if reason := badHost(p.Address); reason != "" {
			return refuse(isdsc.Win32InvalidParameter, reason)
		}
	case !isHost(addr):
		return refuse(isdsc.InvalidHost, shown(p.Address)+" is not the address of a host")
	}
	return nil
}

// isHost reports whether an address may be that of one host.
func isHost(addr netip.Addr) bool {
	addr = addr.Unmap()
	return !addr.IsUnspecified() && !addr.IsMulticast() && addr != broadcast
}

// broadcast is the address of all hosts of a link.
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// host returns the address without the brackets that some write around IPv6.
func (p Portal) host() string {
	if strings.HasPrefix(p.Address, "[") && strings.HasSuffix(p.Address, "]") {
		return p.Address[1 : len(p.Address)-1]
	}
	return p.Address
}

// String returns host:port, with brackets around an IPv6 address.
func (p Portal) String() string {
	return net.JoinHostPort(p.host(), strconv.Itoa(int(p.Port)))
}

// cut shortens s to at most n bytes, for use in a message.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// literalOf returns the address of a portal that is given by one; invalid for a
// name.
func literalOf(p Portal) netip.Addr {
	addr, _ := netip.ParseAddr(p.host())
	return addr.Unmap().WithZone("")
}
