package openiscsi

import (
	"context"
	"slices"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// nodes returns what the portals of the registry have: each target at each of its
// addresses, once for each iface that found it, in order.
func (t *tool) nodes(ctx context.Context, s *registry.Service) (nodes []node, err error) {
	entries, err := t.entries(ctx, s, func(initiator.Portal) bool { return true })
	if err != nil {
		return nil, err
	}
	ifaceOf := func(k initiator.Key) string {
		i := slices.IndexFunc(entries, func(e registry.StoredPortal) bool { return e.Key().Same(k) })
		if i < 0 {
			return iscsiadm.DefaultIface
		}
		return ifaceOf(entries[i].Portal)
	}
	for known, err := range s.Targets(ctx, false) {
		if err != nil {
			return nil, err
		}
		for _, m := range known.Mechanisms {
			if m.Stale || !m.MissingSince.IsZero() {
				continue
			}
			iface := iscsiadm.DefaultIface
			if !m.Static {
				iface = ifaceOf(m.Portal)
			}
			nodes = append(nodes, nodesAt(known.Name, m, iface)...)
		}
	}
	slices.SortFunc(nodes, compareNodes)
	return slices.Compact(nodes), nil
}

// nodesAt returns a target at the addresses that a mechanism has found.
func nodesAt(name string, m registry.Mechanism, iface string) (nodes []node) {
	from := iscsiadm.Portal{Address: m.Portal.Portal.Address, Port: m.Portal.Portal.Port}
	for _, a := range m.Addresses {
		if a.Unusable == target.Usable {
			nodes = append(nodes, node{name: name, address: a.Host, port: a.Port, group: a.Group, iface: iface, from: from})
		}
	}
	if len(nodes) == 0 && m.At.IsValid() {
		nodes = append(nodes, node{name: name, address: m.At.Addr().String(), port: m.At.Port(), group: -1, iface: iface, from: from})
	}
	return nodes
}

// listNodes lists nodes where there is no real program.
func (t *tool) listNodes(ctx context.Context) error {
	return t.reading(ctx, func(s *registry.Service) error {
		nodes, err := t.nodes(ctx, s)
		if err != nil {
			return err
		}
		if at := t.call.Portal; at.Address != "" {
			nodes = slices.DeleteFunc(nodes, func(n node) bool { return n.address != at.Address || n.port != at.Port })
		}
		if len(nodes) == 0 {
			return t.status(iscsiadm.ExitNothing, "No records found")
		}
		switch {
		case t.call.Portal.Address != "":
			return write(t.Stdout, appendNodeRecords(nil, nodes))
		case t.call.Print == 1:
			return write(t.Stdout, appendTree(nil, nodes))
		case t.call.Print > 1:
			return nil
		}
		return write(t.Stdout, appendNodes(nil, nodes))
	})
}

// listIfaces lists the ifaces that open-iscsi has records of.
func (t *tool) listIfaces() error {
	all, notes, err := iscsiadm.FindIfaces(t.Files).All()
	t.tell(notes)
	if err != nil {
		return t.status(iscsiadm.ExitStore, "%v", err)
	}
	return write(t.Stdout, appendIfaces(nil, all))
}
