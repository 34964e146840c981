package targets

import (
	"fmt"
	"iter"
	"net/netip"
	"strconv"
	"strings"
)

// immediateBit is the I bit in the first byte of a PDU.
const immediateBit = 0x40

// A packet is one of Wireshark's XML.
type packet struct {
	Protos []node `xml:"proto"`
}

// A node is a protocol or a field of it.
type node struct {
	Name     string `xml:"name,attr"`
	ShowName string `xml:"showname,attr"`
	Show     string `xml:"show,attr"`
	Size     int    `xml:"size,attr"`
	Unmasked string `xml:"unmaskedvalue,attr"` // in hexadecimal, the bits around the field included
	Fields   []node `xml:"field"`
}

// head returns where the packet belongs.
func (p *packet) head() (head, error) {
	show := make(map[string]string)
	for _, proto := range p.Protos {
		switch proto.Name {
		case "frame", "ip", "ipv6", "tcp":
			for _, f := range proto.Fields {
				show[f.Name] = f.Show
			}
		}
	}
	var h head
	var seq, length int
	for name, to := range map[string]*int{
		"frame.number": &h.frame, "tcp.stream": &h.stream, "tcp.seq": &seq, "tcp.len": &length,
	} {
		n, err := strconv.Atoi(show[name])
		if err != nil {
			return head{}, fmt.Errorf("targets: pdml: %s: %w", name, err)
		}
		*to = n
	}
	h.end = seq - 1 + length // the number is relative, and the SYN's is 0
	for name, to := range map[string]*netip.AddrPort{"src": &h.from, "dst": &h.to} {
		addr, err := netip.ParseAddr(show["ip."+name] + show["ipv6."+name])
		if err != nil {
			return head{}, fmt.Errorf("targets: pdml: packet %d: %w", h.frame, err)
		}
		port, err := strconv.ParseUint(show["tcp."+name+"port"], 10, 16)
		if err != nil {
			return head{}, fmt.Errorf("targets: pdml: packet %d: %w", h.frame, err)
		}
		*to = netip.AddrPortFrom(addr, uint16(port))
	}
	return h, nil
}

// pdu returns the PDU that a node of iSCSI is.
func (n *node) pdu() (PDU, error) {
	p := PDU{Fields: make(map[string][]string)}
	_, p.Name, _ = strings.Cut(strings.TrimSuffix(n.ShowName, ")"), "(")
	for f := range n.all() {
		if f.Name == "" {
			continue // a heading
		}
		p.Fields[f.Name] = append(p.Fields[f.Name], f.Show)
		if f.Name == "iscsi.opcode" {
			first, err := strconv.ParseUint(f.Unmasked, 16, 8)
			if err != nil {
				return PDU{}, fmt.Errorf("targets: pdml: opcode: %w", err)
			}
			p.Immediate = first&immediateBit != 0
			p.Opcode = byte(first) & (immediateBit - 1)
		}
	}
	return p, nil
}

// warnings yields what Wireshark says of a node that is a warning or worse.
func (n *node) warnings() iter.Seq[string] {
	return func(yield func(string) bool) {
		for f := range n.all() {
			if f.Name != "_ws.expert" {
				continue
			}
			for _, g := range f.Fields {
				if g.Name != "_ws.expert.severity" {
					continue
				}
				severity, err := strconv.ParseUint(g.Show, 10, 32)
				if (err != nil || severity >= severityWarn) && !yield(f.ShowName) {
					return
				}
			}
		}
	}
}

// all yields the fields below a node, and those below them, in order.
func (n *node) all() iter.Seq[*node] {
	return func(yield func(*node) bool) { n.walk(yield) }
}

func (n *node) walk(yield func(*node) bool) bool {
	for i := range n.Fields {
		if !yield(&n.Fields[i]) || !n.Fields[i].walk(yield) {
			return false
		}
	}
	return true
}
