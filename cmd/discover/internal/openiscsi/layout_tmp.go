package openiscsi

import (
	"fmt"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
)

func appendTree(b []byte, nodes []node) []byte {
	var last node
	for i, n := range nodes {
		if i == 0 || n.name != last.name {
			b = fmt.Appendf(b, "Target: %s\n", n.name)
			last = node{}
		}
		if n.address != last.address || n.port != last.port {
			b = fmt.Appendf(b, "\tPortal: %s\n", n.portal())
		}
		b = fmt.Appendf(b, "\t\tIface Name: %s\n", n.iface)
		last = n
	}
	return b
}

func appendNodes(b []byte, nodes []node) []byte {
	for i, n := range nodes {
		if n.iface = ""; i > 0 {
			l := nodes[i-1]
			if l.iface = ""; l == n {
				continue
			}
		}
		b = fmt.Appendf(b, "%s %s\n", n.portal(), n.name)
	}
	return b
}

func appendNodeRecords(b []byte, nodes []node) []byte { return appendNodes(b, nodes) }

func appendPortals(b []byte, all []iscsiadm.Portal) []byte {
	for _, p := range all {
		b = fmt.Appendf(b, "%s:%d via sendtargets\n", p.Address, p.Port)
	}
	return b
}

func appendDiscoveries(b []byte, all []iscsiadm.Portal, nodes []node) []byte {
	b = append(b, "SENDTARGETS:\n"...)
	for _, p := range all {
		b = fmt.Appendf(b, "DiscoveryAddress: %s,%d\n", p.Address, p.Port)
		var own []node
		for _, n := range nodes {
			if n.from == p {
				own = append(own, n)
			}
		}
		b = appendTree(b, own)
	}
	if len(all) == 0 {
		b = append(b, "No targets found.\n"...)
	}
	return append(b, "iSNS:\nNo targets found.\nSTATIC:\nNo targets found.\nFIRMWARE:\nNo targets found.\n"...)
}

func appendIfaces(b []byte, all []iscsiadm.IfaceRecord) []byte { return b }
