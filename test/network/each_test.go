package network

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// each returns the ports from which a portal could be reached.
func (h *host) each(instance, portal string) []initiator.Port {
	h.t.Helper()
	selector, err := h.Selector(h.t.Context(), true)
	if err != nil {
		h.t.Fatal(err)
	}
	ports, err := selector.Each(h.t.Context(), instance, netip.MustParseAddr(portal))
	if err != nil {
		h.t.Fatal(err)
	}
	return ports
}
