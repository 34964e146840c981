package iscsiadm

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// The ports of portals that name none.
const (
	sendTargetsPort = 3260
	isnsPort        = 3205
)

// askPortal is what iscsiadm says where a portal is missing or cannot be read.
const askPortal = "Please specify portal as <ipaddr>[:<ipport>]"

// parsePortal reads a portal: ADDR, ADDR:, ADDR:PORT, with brackets around IPv6 where a
// port follows, and ",TAG" at the end, which is passed over. An address with several
// colons and no brackets has no port.
func parsePortal(s string, port uint16) (Portal, error) {
	host, number := s, ""
	if rest, bracketed := strings.CutPrefix(s, "["); bracketed {
		var closed bool
		if host, rest, closed = strings.Cut(rest, "]"); !closed {
			return Portal{}, refuse(askPortal)
		}
		rest, _, _ = strings.Cut(rest, ",")
		if number = strings.TrimPrefix(rest, ":"); rest != "" && number == rest {
			return Portal{}, refuse(askPortal)
		}
		if _, err := netip.ParseAddr(host); err != nil {
			return Portal{}, refuse("invalid address in -p")
		}
	} else {
		host, _, _ = strings.Cut(s, ",")
		if strings.Count(host, ":") == 1 {
			host, number, _ = strings.Cut(host, ":")
		}
	}
	if host == "" {
		return Portal{}, refuse(askPortal)
	}
	if _, err := netip.ParseAddr(host); err != nil && name.BadHost(host) != "" {
		return Portal{}, refuse("invalid address in -p")
	}
	if number != "" {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			return Portal{}, refuse("invalid port in -p")
		}
		port = uint16(n)
	}
	return Portal{Address: host, Port: port}, nil
}

// recordText names the record of c in a message.
func (c *Call) recordText() string {
	return "Discovery record [" + c.Portal.Address + "," + strconv.Itoa(int(c.Portal.Port)) + "]"
}
