package iscsiadm

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A NodeRecord is a target at one of its addresses, as found through an interface.
type NodeRecord struct {
	Name    string
	Address target.Address
	Iface   string // such as "default"
}

// CompareNodes is the order of listings: by name, address, port, group and interface.
func CompareNodes(a, b *NodeRecord) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Address.Host, b.Address.Host),
		cmp.Compare(a.Address.Port, b.Address.Port), cmp.Compare(a.Address.Group, b.Address.Group), strings.Compare(a.Iface, b.Iface))
}

// AppendNode appends the line of a node in the flat listing of -m node. There a node
// without a portal group tag has the largest number of 32 bits: callers match digits alone.
func AppendNode(b []byte, n *NodeRecord) []byte {
	b = append(AppendAddress(b, &n.Address), ',')
	b = strconv.AppendUint(b, uint64(uint32(n.Address.Group)), 10)
	return append(append(append(b, ' '), n.Name...), '\n')
}

// AppendNodeRecord appends the record of a node, as -m node -o show prints it, as far as
// a discovery knows it. at is the portal, or via ISNS the server, that was asked.
func AppendNodeRecord(b []byte, n *NodeRecord, at Portal, via Type, version string) []byte {
	how := "send_targets"
	if via == ISNS {
		how = "isns"
	}
	b = append(append(append(b, "# BEGIN RECORD "...), version...), '\n')
	for _, line := range [...][2]string{
		{"node.name", n.Name},
		{"node.tpgt", strconv.Itoa(n.Address.Group)},
		{"node.startup", "manual"},
		{"node.session.scan", "auto"}, // os-brick looks for these words in the program, too
		{"iface.iscsi_ifacename", n.Iface},
		{"iface.transport_name", "tcp"},
		{"node.discovery_address", at.Address},
		{"node.discovery_port", strconv.Itoa(int(at.Port))},
		{"node.discovery_type", how},
		{"node.conn[0].address", n.Address.Host},
		{"node.conn[0].port", strconv.Itoa(int(n.Address.Port))},
	} {
		b = append(append(append(append(b, line[0]...), " = "...), line[1]...), '\n')
	}
	return append(b, "# END RECORD\n"...)
}

// A Tree makes the lines of -P 1: a target, its portals, and the interfaces of each. The
// target stands again only where it changes, and the portal where that, its address or its
// port does. The zero value begins a tree.
type Tree struct {
	// Records are printed, as -m node does: the portal stands again for each.
	Records bool

	last  NodeRecord
	begun bool
}

// Append appends the lines of a node, which comes after those before.
func (t *Tree) Append(b []byte, n *NodeRecord) []byte {
	same := t.begun && t.last.Name == n.Name
	if !same {
		b = append(append(append(b, "Target: "...), n.Name...), '\n')
	}
	if a, last := &n.Address, &t.last.Address; !same || t.Records || a.Host != last.Host || a.Port != last.Port {
		b = append(AppendAddress(append(b, "\tPortal: "...), a), ',')
		b = append(strconv.AppendInt(b, int64(a.Group), 10), '\n')
	}
	t.last, t.begun = *n, true
	return append(append(append(b, "\t\tIface Name: "...), n.Iface...), '\n')
}

// AppendAddress appends ADDR:PORT. As in iscsiadm, all that has no dot is in brackets,
// which takes IPv6 and short host names alike.
func AppendAddress(b []byte, a *target.Address) []byte {
	if strings.Contains(a.Host, ".") && !strings.Contains(a.Host, ":") {
		b = append(b, a.Host...)
	} else {
		b = append(append(append(b, '['), a.Host...), ']')
	}
	return strconv.AppendUint(append(b, ':'), uint64(a.Port), 10)
}

// An IfaceLine is what -m iface prints of an interface.
type IfaceLine struct {
	Name      string
	Transport string // such as tcp

	HardwareAddress, Address, Device, InitiatorName string // empty: not set
}

// AppendIface appends the line of an interface.
func AppendIface(b []byte, i *IfaceLine) []byte {
	b = append(append(b, i.Name...), ' ')
	for k, value := range [...]string{i.Transport, i.HardwareAddress, i.Address, i.Device, i.InitiatorName} {
		if k > 0 {
			b = append(b, ',')
		}
		b = append(b, cmp.Or(value, "<empty>")...)
	}
	return append(b, '\n')
}
