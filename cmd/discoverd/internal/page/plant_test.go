package page

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

var noon = time.Date(2026, 11, 29, 14, 2, 30, 0, time.UTC)

// A plant is a Source of tests.
type plant struct {
	ports   []ports.Port
	portals []registry.StoredPortal
	targets map[string]*registry.KnownTarget
	routes  map[netip.Addr][]netip.Addr // from the address of a portal
	states  []watch.State
	events  []watch.Event
	err     error
}

func newPlant() *plant {
	return &plant{targets: make(map[string]*registry.KnownTarget), routes: make(map[netip.Addr][]netip.Addr)}
}

func (p *plant) Known(context.Context) (*paths.Known, error) {
	if p.err != nil {
		return nil, p.err
	}
	names := make([]string, 0, len(p.targets))
	for name := range p.targets {
		names = append(names, name)
	}
	slices.Sort(names)
	return &paths.Known{Ports: p.ports, Portals: p.portals,
		Targets: iter.Seq2[registry.KnownTarget, error](func(yield func(registry.KnownTarget, error) bool) {
			for _, name := range names {
				if !yield(*p.targets[name], nil) {
					return
				}
			}
		}),
		Reach: func(dst netip.Addr) ([]netip.Addr, bool) { from, ok := p.routes[dst]; return from, ok },
	}, nil
}

func (p *plant) States() []watch.State { return p.states }

func (p *plant) Events(since time.Time) []watch.Event { return p.events }

func (p *plant) port(device, addr string) {
	p.ports = append(p.ports, ports.Port{Instance: ports.Host, Number: ports.N(uint32(len(p.ports))), Address: netip.MustParseAddr(addr), Interface: device})
}

// entry adds a portal as a port asks it: what it shows, or how it failed.
func (p *plant) entry(port int, portal string, failed error, names ...string) initiator.Key {
	at, err := initiator.ParsePortal(portal, 3260)
	if err != nil {
		panic(err)
	}
	from := p.ports[port]
	e := registry.StoredPortal{SendTargetPortal: initiator.SendTargetPortal{Portal: at, Instance: ports.Host, Port: from.Number}}
	e.Last = registry.LastResult{Time: noon.Add(-12 * time.Second), Source: from.Address.String(), Targets: len(names)}
	key := e.Key()
	address := at.Literal()
	p.routes[address] = append(p.routes[address], from.Address)
	s := watch.State{Key: key, Status: watch.Up, Since: noon.Add(-76 * time.Hour), LastAttempt: e.Last.Time, LastOK: e.Last.Time, Next: noon.Add(48 * time.Second), Targets: len(names), Known: len(names)}
	s.Last = &initiator.Result{InitiatorName: "iqn.2026-11.com.example:db7", InitiatorPort: from, Source: from.Address, Address: netip.AddrPortFrom(address, at.Port), TargetsFound: len(names), Elapsed: 4200 * time.Microsecond, Phases: initiator.Phases{Connect: 300 * time.Microsecond, Login: 1900 * time.Microsecond, Discover: 2 * time.Millisecond}}
	if failed != nil {
		var e2 *initiator.Error
		if errors.As(failed, &e2) {
			e2.Portal, e2.Source = at, from.Address
			e.Last.Stage = e2.Stage.String()
		}
		e.Last.Code, e.Last.Message = initiator.Code(failed), failed.Error()
		s.Status, s.Since, s.FailingSince, s.LastOK = watch.Down, noon.Add(-12*time.Minute-40*time.Second), noon.Add(-12*time.Minute-40*time.Second), noon.Add(-13*time.Minute)
		s.Failures = 5
		s.Last.Err = failed
	}
	p.portals = append(p.portals, e)
	p.states = append(p.states, s)
	for _, name := range names {
		t := p.targets[name]
		if t == nil {
			t = &registry.KnownTarget{Name: name}
			p.targets[name] = t
		}
		t.Mechanisms = append(t.Mechanisms, registry.Mechanism{Portal: key, FirstSeen: noon.Add(-90 * time.Hour), LastSeen: e.Last.Time,
			Addresses: []target.Address{{Host: at.Address, Port: at.Port, Group: 1 + port}}})
	}
	return key
}

// missing makes a target missing at an entry.
func (p *plant) missing(key initiator.Key, name string) {
	for i, m := range p.targets[name].Mechanisms {
		if m.Portal.Same(key) {
			p.targets[name].Mechanisms[i].MissingSince = noon.Add(-4 * time.Minute)
		}
	}
	for i := range p.states {
		if s := &p.states[i]; s.Key.Same(key) {
			s.Status, s.Targets, s.Since = watch.Few, s.Targets-1, noon.Add(-4*time.Minute)
		}
	}
}

// happened adds an event, so long ago.
func (p *plant) happened(ago time.Duration, key initiator.Key, e watch.Event) {
	e.Key, e.Time, e.Seq = key, noon.Add(-ago), uint64(len(p.events)+1)
	p.events = append(p.events, e)
}

func refusedLogin() error {
	return &initiator.Error{Stage: initiator.StageLogin, Err: &pdu.LoginError{Status: pdu.StatusAuthorizationFailed}, Hint: "the target may not list this host's iSCSI name"}
}

func noConnection() error {
	return &initiator.Error{Stage: initiator.StageConnect, Err: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, Hint: "check that the target listens on this port"}
}

func named(prefix string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("iqn.2010-06.com.example:%s%d", prefix, i))
	}
	return names
}

// allWell is a host whose paths are all up.
func allWell() *plant {
	p := newPlant()
	p.port("eth0", "198.51.100.2")
	p.port("eth1", "203.0.113.2")
	for _, last := range []string{"10", "11"} {
		p.entry(0, "198.51.100."+last, nil, named("array1.db-data", 16)...)
		p.entry(1, "203.0.113."+last, nil, named("array1.db-data", 16)...)
	}
	for _, last := range []string{"70", "71"} {
		p.entry(0, "192.0.2."+last, nil, named("lab.scratch", 8)...)
		p.entry(1, "192.0.2."+last, nil, named("lab.scratch", 8)...)
	}
	return p
}

// failures is the host of the mock-up: most is well, but not all.
func failures() *plant {
	p := newPlant()
	p.port("eth0", "198.51.100.2")
	p.port("eth1", "203.0.113.2")
	p.ports = append(p.ports, ports.Port{Instance: ports.Host, Number: ports.N(2), Address: netip.MustParseAddr("198.51.100.130"), Interface: "eth2", State: ports.Down})
	array, lab := named("array1.db-data", 16), named("lab.scratch", 8)
	p.entry(0, "198.51.100.10", nil, array...)
	recovered := p.entry(0, "198.51.100.11", nil, array...)
	p.entry(1, "203.0.113.10", nil, array...)
	refused := p.entry(1, "203.0.113.11", refusedLogin(), array...)
	p.entry(0, "192.0.2.70", nil, lab...)
	p.entry(1, "192.0.2.70", nil, lab...)
	p.entry(0, "192.0.2.71", nil, lab...)
	gone := p.entry(1, "192.0.2.71", noConnection(), lab...)
	fewer := p.entry(0, "192.0.2.72", nil, lab...)
	p.entry(1, "192.0.2.72", nil, lab...)
	p.missing(fewer, lab[3])
	p.missing(fewer, lab[4])
	p.happened(23*time.Hour, recovered, watch.Event{Type: watch.Snapshot, Up: true, Targets: 16})
	p.happened(12*time.Hour+2*time.Minute, recovered, watch.Event{Type: watch.PortalFailed, Err: noConnection(), Code: isdsc.ConnectionFailed})
	p.happened(12*time.Hour, recovered, watch.Event{Type: watch.PortalRecovered, After: 118 * time.Second})
	p.happened(5*time.Hour, recovered, watch.Event{Type: watch.TargetAppeared, Change: change.Change{Target: array[3], Is: []target.Address{{Host: "198.51.100.11", Port: 3260, Group: 1}}}})
	p.happened(3*time.Hour, gone, watch.Event{Type: watch.PortalFailed, Err: noConnection(), Code: isdsc.ConnectionFailed})
	p.happened(4*time.Minute, fewer, watch.Event{Type: watch.TargetVanished, Change: change.Change{Target: lab[3]}})
	p.happened(4*time.Minute, fewer, watch.Event{Type: watch.TargetVanished, Change: change.Change{Target: lab[4]}})
	p.happened(19*time.Second, refused, watch.Event{Type: watch.PortalFailed, Err: refusedLogin(), Code: isdsc.LoginFailed})
	return p
}

// many is a host with ten ports at fifty portals of five arrays.
func many() *plant {
	p := newPlant()
	for i := range 10 {
		p.port(fmt.Sprintf("eth%d", i), fmt.Sprintf("10.0.%d.2", i))
	}
	for array := range 5 {
		names := named(fmt.Sprintf("array%d.volume", array), 20)
		for portal := range 10 {
			for port := range 10 {
				var failed error
				if (array*100+portal*10+port)%67 == 5 {
					failed = noConnection()
				}
				key := p.entry(port, fmt.Sprintf("10.1.%d.%d", array, 10+portal), failed, names...)
				if (array*100+portal*10+port)%71 == 9 {
					p.missing(key, names[7])
				}
				if failed != nil {
					p.happened(time.Duration(600-array*100-portal*7)*time.Minute, key, watch.Event{Type: watch.PortalFailed, Err: failed})
				}
			}
		}
	}
	slices.SortStableFunc(p.events, func(a, b watch.Event) int { return a.Time.Compare(b.Time) })
	for i := range p.events {
		p.events[i].Seq = uint64(i + 1)
	}
	return p
}
