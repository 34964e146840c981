package paths

import (
	"fmt"
	"iter"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

var asked = time.Date(2026, 11, 28, 19, 15, 40, 0, time.UTC)

// A plant is what a registry knows, as tests write it.
type plant struct {
	ports   []ports.Port
	portals []registry.StoredPortal
	targets map[string]*registry.KnownTarget
	order   []string
	routes  map[string][]string // by prefix of an address: our addresses
}

func (p *plant) port(number uint32, device, addr string) {
	p.ports = append(p.ports, ports.Port{Instance: ports.Host, Number: ports.N(number), Address: netip.MustParseAddr(addr), Interface: device})
}

// entry adds an entry that showed some targets, with the addresses that it advertises.
func (p *plant) entry(number ports.Number, portal string, source string, failed string, targets map[string][]string) initiator.Key {
	at, err := initiator.ParsePortal(portal, 3260)
	if err != nil {
		panic(err)
	}
	e := registry.StoredPortal{SendTargetPortal: initiator.SendTargetPortal{Portal: at, Port: number}}
	if number != ports.All {
		e.Instance = ports.Host
	}
	e.Last = registry.LastResult{Time: asked, Source: source, Targets: len(targets)}
	if failed != "" {
		e.Last.Code, e.Last.Stage, e.Last.Message = isdsc.ConnectionFailed, failed, "it \x1b[2Jfailed <at> "+failed
	}
	p.portals = append(p.portals, e)
	for name, addresses := range targets {
		p.show(e.Key(), name, addresses...)
	}
	return e.Key()
}

// show makes a portal show a target.
func (p *plant) show(key initiator.Key, name string, addresses ...string) *registry.Mechanism {
	if p.targets == nil {
		p.targets = make(map[string]*registry.KnownTarget)
	}
	t := p.targets[name]
	if t == nil {
		t = &registry.KnownTarget{Name: name}
		p.targets[name] = t
		p.order = append(p.order, name)
	}
	m := registry.Mechanism{Portal: key, FirstSeen: asked, LastSeen: asked}
	for _, text := range addresses {
		a, _, reason := target.ParseAddress(text, 3260)
		if reason != "" {
			panic(reason)
		}
		m.Addresses = append(m.Addresses, a)
	}
	t.Mechanisms = append(t.Mechanisms, m)
	return &t.Mechanisms[len(t.Mechanisms)-1]
}

func (p *plant) known() *Known {
	return &Known{
		Ports: p.ports, Portals: p.portals,
		Targets: iter.Seq2[registry.KnownTarget, error](func(yield func(registry.KnownTarget, error) bool) {
			for _, name := range p.order {
				if !yield(*p.targets[name], nil) {
					return
				}
			}
		}),
		Reach: func(dst netip.Addr) (all []netip.Addr, known bool) {
			for prefix, from := range p.routes {
				if netip.MustParsePrefix(prefix).Contains(dst) {
					for _, a := range from {
						all = append(all, netip.MustParseAddr(a))
					}
				}
			}
			return all, true
		},
	}
}

// names returns n targets with one address each.
func names(prefix string, n int, addresses ...string) map[string][]string {
	all := make(map[string][]string)
	for i := range n {
		all[fmt.Sprintf("%s%d", prefix, i)] = addresses
	}
	return all
}

// twoArrays is a host with two ports at two arrays, of which not all is well.
func twoArrays() *plant {
	p := &plant{routes: map[string][]string{
		"198.51.100.0/24": {"198.51.100.2"}, "203.0.113.0/24": {"203.0.113.2"}, "192.0.2.0/24": {"198.51.100.2", "203.0.113.2"},
	}}
	p.port(0, "eth0", "198.51.100.2")
	p.port(1, "eth1", "203.0.113.2")
	p.port(2, "lo", "127.0.0.1")
	const array = "iqn.2010-06.com.example:array1."
	advertised := []string{"198.51.100.10:3260,1", "198.51.100.11:3260,1", "203.0.113.10:3260,2", "203.0.113.11:3260,2"}
	p.entry(ports.N(0), "198.51.100.10", "", "", names(array+"db", 16, advertised...))
	p.entry(ports.N(0), "198.51.100.11", "", "", names(array+"db", 16, advertised...))
	p.entry(ports.N(1), "203.0.113.10", "", "", names(array+"db", 16, advertised...))
	p.entry(ports.N(1), "203.0.113.11", "", "login", nil)
	const lab = "iqn.2026-11.com.example:lab"
	for _, number := range []uint32{0, 1} {
		key := p.entry(ports.N(number), "192.0.2.72", "", "", nil)
		for i := range 8 {
			m := p.show(key, fmt.Sprint(lab, i), "192.0.2.72:3260,1")
			if number == 0 && i > 5 {
				m.MissingSince = asked
			}
		}
	}
	p.entry(ports.All, "192.0.2.73:3261", "203.0.113.2", "connect", nil)
	p.entry(ports.All, "db.example", "", "", nil)
	p.portals[len(p.portals)-1].Last = registry.LastResult{}
	return p
}
