package fleetsim

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A Size says how large a fleet is.
type Size struct {
	Hosts   int
	Portals int           // of each host, at most 250
	Targets int           // of each list; each target is at all portals
	Lists   int           // different ones: host i sees list i modulo Lists, at all portals the same
	Clients int           // connections to etcd, which hosts share; a real host has one of its own
	Every   time.Duration // interval of discoveries; a lease has three of them, and at least 15 s
}

// host is the name of host i.
func (s *Size) host(i int) string { return fmt.Sprintf("host-%05d.storage.example", i) }

// entry is portal i as hosts have it in their registries.
func entry(i int) initiator.Key {
	return initiator.Key{Portal: initiator.Portal{Address: fmt.Sprintf("192.0.2.%d", i+1), Port: 3260}, Port: ports.All}
}

// list is list i: targets as Linux's target names them by default, whose last digits do not
// compress.
func (s *Size) list(i int) []target.Target {
	addresses := make([]target.Address, s.Portals)
	for p := range addresses {
		addresses[p] = target.Address{Host: entry(p).Portal.Address, Port: 3260, Group: 1}
	}
	targets := make([]target.Target, s.Targets)
	for t := range targets {
		sn := uint64(i*s.Targets+t+1) * 0x9e3779b97f4a7c15 >> 16
		targets[t] = target.Target{Name: fmt.Sprintf("iqn.2003-01.org.linux-iscsi.host.x8664:sn.%012x", sn), Addresses: addresses}
	}
	return targets
}

// source is the address from which hosts ask.
var source = netip.MustParseAddr("192.0.2.251")
