package ports

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// A Port is an initiator port: one source address of an instance. A number
// keeps its address for ever, so that what refers to it never comes to mean
// another.
type Port struct {
	Instance  string
	Number    Number
	Address   netip.Addr // link-local IPv6 with its zone
	Interface string     // empty where the address is gone
	State     State
	NodeName  string // iSCSI name of the instance; empty: the Discoverer's
}

// A State says whether a port can be used.
type State uint8

// The states.
const (
	Up   State = iota
	Down       // the address is there and cannot be used: its interface is down or leads nowhere
	Gone       // the host, or the instance, no longer has the address
)

// String returns the name that the command prints.
func (s State) String() string {
	return [...]string{"up", "down", "gone"}[s]
}

// NumberPorts returns the ports of an instance by number: those that were
// numbered before, whether or not their address is still there, and the
// instance's other addresses of this host with the numbers that follow. What is
// in the result and not in before is new.
func NumberPorts(i *Instance, before []Port, host []Address) []Port {
	ports := make([]Port, 0, len(before)+len(host))
	next := uint32(0)
	own := i.Own(host)
	known := make(map[netip.Addr]bool, len(before))
	for _, p := range before {
		p.Instance, p.NodeName, p.Interface, p.State = i.Name, i.NodeName, "", Gone
		if a, ok := own[p.Address]; ok {
			p.Interface, p.State = a.Interface, stateOf(a)
		}
		known[p.Address] = true
		next = max(next, p.Number.Uint32()+1)
		ports = append(ports, p)
	}
	for _, a := range host {
		a, ok := own[a.Addr]
		if !ok || a.Passing || known[a.Addr] {
			continue
		}
		known[a.Addr] = true
		ports = append(ports, Port{Instance: i.Name, NodeName: i.NodeName, Number: N(next), Address: a.Addr, Interface: a.Interface, State: stateOf(a)})
		next++
	}
	slices.SortStableFunc(ports, func(a, b Port) int { return cmp.Compare(a.Number.Uint32(), b.Number.Uint32()) })
	return ports
}

// sameLink returns an error where port and destination are link-local addresses
// of different links.
func (p *Port) sameLink(dst netip.Addr) error {
	if own, zone := p.Address.Zone(), dst.Zone(); own != "" && zone != "" && own != zone {
		return &isdsc.Error{
			Code:   isdsc.ConnectionFailed,
			What:   fmt.Sprintf("initiator port %s of instance %s", p.Number, p.Instance),
			Reason: fmt.Sprintf("its address %s is on another link than %s", p.Address, dst),
		}
	}
	return nil
}

func stateOf(a Address) State {
	if a.Up {
		return Up
	}
	return Down
}
