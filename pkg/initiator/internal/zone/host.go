package zone

import (
	"net/netip"

	"github.com/go-iscsi/discovery/internal/host"
)

// IsHost reports whether an address may be that of one host.
func IsHost(addr netip.Addr) bool { return host.IsOne(addr) }

// Broadcast is the address of all hosts of a link.
var Broadcast = host.Broadcast
