package initiator

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

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
	if reason := name.BadHost(host); reason != "" {
		return Portal{}, badPortal(s, reason)
	}
	return p, nil
}

func badPortal(s, reason string) error {
	return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "portal " + strconv.Quote(text.Cut(s, 80)), Reason: reason}
}

// validate holds p against the rules of the reference API.
func (p Portal) validate() error {
	refuse := func(code uint32, reason string) error {
		return &isdsc.Error{Code: code, What: "portal", Reason: reason}
	}
	switch {
	case p.Address == "":
		return refuse(isdsc.NoPortalSpecified, "no address")
	case len(p.Address) > name.MaxAddressLen:
		return refuse(isdsc.Win32InvalidParameter, fmt.Sprintf("an address of more than %d bytes", name.MaxAddressLen))
	case len(p.SymbolicName) > name.MaxAddressLen:
		return refuse(isdsc.Win32InvalidParameter, fmt.Sprintf("a symbolic name of more than %d bytes", name.MaxAddressLen))
	case p.Port == 0:
		return refuse(isdsc.Win32InvalidParameter, "TCP port 0")
	}
	addr, err := netip.ParseAddr(p.Host())
	switch {
	case err != nil:
		if reason := name.BadHost(p.Address); reason != "" {
			return refuse(isdsc.Win32InvalidParameter, reason)
		}
	case !zone.IsHost(addr):
		return refuse(isdsc.InvalidHost, text.Shown(p.Address)+" is not the address of a host")
	}
	return nil
}

// Host returns the address without the brackets that some write around IPv6.
func (p Portal) Host() string {
	if strings.HasPrefix(p.Address, "[") && strings.HasSuffix(p.Address, "]") {
		return p.Address[1 : len(p.Address)-1]
	}
	return p.Address
}

// String returns host:port, with brackets around an IPv6 address.
func (p Portal) String() string {
	return net.JoinHostPort(p.Host(), strconv.Itoa(int(p.Port)))
}

// Literal returns the address where it is an IP literal; invalid: it is a host name.
func (p Portal) Literal() netip.Addr {
	addr, _ := netip.ParseAddr(p.Host())
	return addr.Unmap().WithZone("")
}

// Canonical returns the address in the form in which portals are compared: an IP
// literal as netip writes it, IPv4 within IPv6 as IPv4 and with its zone, or a host name
// in lower case without a final dot.
func (p Portal) Canonical() string {
	if addr, err := netip.ParseAddr(p.Host()); err == nil {
		return addr.Unmap().String() // with its zone: stored keys have it
	}
	return strings.TrimSuffix(strings.ToLower(p.Host()), ".")
}
