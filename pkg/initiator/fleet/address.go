package fleet

import (
	"net"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// addressText is an address in an answer: host:port,group without a zone, which has a meaning
// on one host alone.
func addressText(a target.Address) string {
	if addr, ok := a.Addr(); ok && addr.Zone() != "" {
		a.Host = addr.WithZone("").String()
	}
	return a.String()
}

// parseAddress reads what addressText makes, and nothing else.
func parseAddress(s string) (target.Address, bool) {
	at, group, ok := cutLast(s, ",")
	host, port, err := net.SplitHostPort(at)
	p, err2 := strconv.ParseUint(port, 10, 16)
	g, err3 := strconv.ParseInt(group, 10, 32)
	if !ok || err != nil || err2 != nil || err3 != nil || g < target.NoGroup || g > 65535 || host == "" || len(host) > name.MaxAddressLen || strings.ContainsAny(host, " \t\r\n") {
		return target.Address{}, false
	}
	a := target.Address{Host: host, Port: uint16(p), Group: int(g)}
	return a, addressText(a) == s
}
