package openiscsi

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A node is what open-iscsi calls so: a target at an address, by an iface.
type node struct {
	iscsiadm.NodeRecord
	from iscsiadm.Portal // that was asked; zero: it is not known
	via  iscsiadm.Type   // SendTargets: from is a portal; ISNS: an iSNS server
}

// newNode returns the node of a target.
func newNode(name string, a target.Address, iface string) node {
	return node{NodeRecord: iscsiadm.NodeRecord{Name: name, Address: target.Address{Host: a.Host, Port: a.Port, Group: a.Group}, Iface: iface}}
}

// nodeInUse returns the node of a target that has no address that can be used, at the one
// in use.
func nodeInUse(name string, at netip.AddrPort, iface string) node {
	return newNode(name, target.Address{Host: at.Addr().String(), Port: at.Port(), Group: target.NoGroup}, iface)
}

// sameNode reports one node, by whichever portal it was found.
func sameNode(a, b node) bool { return a.NodeRecord == b.NodeRecord }

// hasISCSIName reports a name that another program may get: some take any other word
// for an option, or a part of a path.
func (n *node) hasISCSIName() bool {
	for _, prefix := range []string{"iqn.", "eui.", "naa."} {
		if strings.HasPrefix(n.Name, prefix) {
			return true
		}
	}
	return false
}

// portal is the address as iscsiadm takes it.
func (n *node) portal() string {
	b := append(iscsiadm.AppendAddress(nil, &n.Address), ',')
	return string(strconv.AppendInt(b, int64(n.Address.Group), 10))
}

// noGroup is how iscsiadm 2.1.8 lists a node without a portal group: -1 as 32 bits.
const noGroup = 1<<32 - 1

// parseTree reads what iscsiadm -m node -P 1 prints. A line that it does not know costs
// itself.
func parseTree(text []byte) (nodes []iscsiadm.NodeRecord) {
	var n iscsiadm.NodeRecord
	for line := range bytes.Lines(text) {
		s := strings.TrimSpace(string(line))
		switch key, value, _ := strings.Cut(s, ": "); key {
		case "Target":
			value, _, _ = strings.Cut(value, " ") // "(non-flash)" follows in sessions
			n = iscsiadm.NodeRecord{Name: value}
		case "Portal":
			n.Address = parsePortal(value)
		case "Iface Name":
			if n.Iface = value; n.Name != "" && n.Address.Host != "" {
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

// parsePortal reads ADDRESS:PORT,TAG; one without a host is none.
func parsePortal(s string) (a target.Address) {
	s, tag, _ := strings.Cut(s, ",")
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return a
	}
	port, err := strconv.ParseUint(s[i+1:], 10, 16)
	group, err2 := strconv.ParseInt(tag, 10, 64)
	if err != nil || err2 != nil {
		return a
	}
	if group == noGroup {
		group = target.NoGroup
	}
	return target.Address{Host: strings.Trim(s[:i], "[]"), Port: uint16(port), Group: int(group)}
}
