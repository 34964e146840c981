package openiscsi

import (
	"context"
	"slices"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// nodes returns what the portals and iSNS servers of the registry have: each target at each of its
// addresses, once for each iface that found it, in order.
func (t *tool) nodes(ctx context.Context, s *registry.Service) (nodes []node, err error) {
	ifaces, err := ifacesOfEntries(ctx, s)
	if err != nil {
		return nil, err
	}
	for known, err := range s.Targets(ctx, false) {
		if err != nil {
			return nil, err
		}
		for _, m := range known.Mechanisms {
			if m.Stale || !m.MissingSince.IsZero() {
				continue
			}
			for _, iface := range ifaces.of(&m) {
				nodes = append(nodes, nodesAt(known.Name, m, iface)...)
			}
		}
	}
	slices.SortFunc(nodes, func(a, b node) int { return iscsiadm.CompareNodes(&a.NodeRecord, &b.NodeRecord) })
	return slices.Compact(nodes), nil
}

// nodesAt returns a target at the addresses that a mechanism has found.
func nodesAt(name string, m registry.Mechanism, iface string) (nodes []node) {
	for _, a := range m.Addresses {
		if a.Unusable == target.Usable {
			nodes = append(nodes, newNode(name, a, iface))
		}
	}
	if len(nodes) == 0 && m.At.IsValid() {
		nodes = append(nodes, nodeInUse(name, m.At, iface))
	}
	from, via := m.Portal.Portal, iscsiadm.SendTargets
	if isISNS(&m) {
		from, via = m.ISNS, iscsiadm.ISNS
	}
	for i := range nodes {
		nodes[i].from, nodes[i].via = iscsiadm.Portal{Address: from.Address, Port: from.Port}, via
	}
	return nodes
}

// isISNS reports that an iSNS server named a target.
func isISNS(m *registry.Mechanism) bool { return m.ISNS != initiator.Portal{} }

// listNodes lists nodes where there is no real program.
func (t *tool) listNodes(ctx context.Context) error {
	if t.call.Print > 1 {
		return t.status(iscsiadm.ExitUsage, "Invalid info level %d. Try 0 or 1.", t.call.Print)
	}
	return t.reading(ctx, func(s *registry.Service) error {
		nodes, err := t.nodes(ctx, s)
		if err != nil {
			return err
		}
		if at := t.call.Portal; at.Address != "" {
			nodes = slices.DeleteFunc(nodes, func(n node) bool { return n.Address.Host != at.Address || n.Address.Port != at.Port })
		}
		nodes = slices.CompactFunc(nodes, sameNode)
		if len(nodes) == 0 {
			return t.status(iscsiadm.ExitNothing, "No records found")
		}
		return write(t.Stdout, t.appendListing(nil, nodes))
	})
}

// appendListing appends the listing of nodes that was asked for.
func (t *tool) appendListing(b []byte, nodes []node) []byte {
	switch {
	case t.call.Portal.Address != "":
		for i := range nodes {
			b = iscsiadm.AppendNodeRecord(b, &nodes[i].NodeRecord, nodes[i].from, nodes[i].via, realVersion)
		}
	case t.call.Print == 1:
		b = appendTree(b, nodes)
	default:
		for i := range nodes {
			b = iscsiadm.AppendNode(b, &nodes[i].NodeRecord)
		}
	}
	return b
}

// appendTree appends the lines of -P 1 for the records of nodes.
func appendTree(b []byte, nodes []node) []byte {
	tree := iscsiadm.Tree{Records: true}
	for i := range nodes {
		b = tree.Append(b, &nodes[i].NodeRecord)
	}
	return b
}

// listIfaces lists the ifaces that open-iscsi has records of.
func (t *tool) listIfaces() error {
	all, notes, err := iscsiadm.FindIfaces(t.Files).All()
	t.tell(notes)
	if err != nil {
		return t.status(iscsiadm.ExitStore, "%v", err)
	}
	var b []byte
	for _, i := range all {
		line := iscsiadm.IfaceLine{Name: i.Name, Transport: i.Transport, HardwareAddress: i.HardwareAddress, Device: i.NetInterface, InitiatorName: i.InitiatorName}
		if i.Address.IsValid() {
			line.Address = i.Address.String()
		}
		b = iscsiadm.AppendIface(b, &line) // readable, since values with control characters are not taken
	}
	return write(t.Stdout, b)
}
