package openiscsi

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
)

// A node is what open-iscsi calls so: a target at an address, by an iface.
type node struct {
	name    string
	address string // without brackets
	port    uint16
	group   int // -1: the target gave none
	iface   string
	from    iscsiadm.Portal // that was asked; zero: it is not known
}

// hasISCSIName reports a name that another program may get: some take any other word
// for an option, or a part of a path.
func (n *node) hasISCSIName() bool {
	for _, prefix := range []string{"iqn.", "eui.", "naa."} {
		if strings.HasPrefix(n.name, prefix) {
			return true
		}
	}
	return false
}

// portal is the address as iscsiadm prints and takes it.
func (n *node) portal() string {
	host := n.address
	if !strings.Contains(host, ".") {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("%s:%d,%d", host, n.port, n.group)
}

// compareNodes is the order of listings.
func compareNodes(a, b node) int {
	return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.address, b.address), cmp.Compare(a.port, b.port), cmp.Compare(a.group, b.group), strings.Compare(a.iface, b.iface))
}

// noGroup is how iscsiadm 2.1.8 lists a node without a portal group: -1 as 32 bits.
const noGroup = 1<<32 - 1

// parseTree reads what iscsiadm -m node -P 1 prints. A line that it does not know costs
// itself.
func parseTree(text []byte) (nodes []node) {
	var n node
	for line := range bytes.Lines(text) {
		s := strings.TrimSpace(string(line))
		switch key, value, _ := strings.Cut(s, ": "); key {
		case "Target":
			value, _, _ = strings.Cut(value, " ") // "(non-flash)" follows in sessions
			n = node{name: value}
		case "Portal":
			n.address, n.port, n.group = parsePortal(value)
		case "Iface Name":
			if n.iface = value; n.name != "" && n.address != "" {
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

// parsePortal reads ADDRESS:PORT,TAG; an empty address: it is none.
func parsePortal(s string) (address string, port uint16, group int) {
	s, tag, _ := strings.Cut(s, ",")
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", 0, 0
	}
	p, err := strconv.ParseUint(s[i+1:], 10, 16)
	g, err2 := strconv.ParseInt(tag, 10, 64)
	if err != nil || err2 != nil {
		return "", 0, 0
	}
	if g == noGroup {
		g = -1
	}
	return strings.Trim(s[:i], "[]"), uint16(p), int(g)
}
