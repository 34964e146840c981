package network

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/netns"
)

const (
	initiatorName = "iqn.2026-11.com.example:host1"
	backupName    = "iqn.2026-11.com.example:backup"

	patience = time.Minute // machines are slow when everything runs at once
)

// A host is the initiator's: its network, and the service on it. Nothing in the
// service is a fake but the store, which is in memory.
type host struct {
	*netns.Namespace
	*registry.Service
	t          *testing.T
	discoverer *initiator.Discoverer
}

// newHost returns a host with nothing but a loopback interface. Its Discoverer
// may be changed before the first use.
func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{Namespace: netns.Own(t), t: t, discoverer: &initiator.Discoverer{InitiatorName: initiatorName, Timeout: patience}}
	need.IPv6(t)
	noFilter(t, h.Namespace)
	s, err := registry.Open(registry.Config{Store: new(memstore.Store), Discoverer: h.discoverer})
	if err != nil {
		t.Fatal(err)
	}
	h.Service = s
	return h
}

// noFilter lets packets in by whatever interface they come.
func noFilter(t *testing.T, n *netns.Namespace) {
	t.Helper()
	for _, which := range []string{"all", "default"} {
		n.Sysctl(t, "net/ipv4/conf/"+which+"/rp_filter", "0")
	}
}

// cable lays a cable to an array, the name of which both ends bear.
func (h *host) cable(name string, a *array) {
	h.t.Helper()
	netns.Connect(h.t, h.Namespace, name, a.Namespace, name)
}

// addr gives an interface addresses.
func (h *host) addr(name string, addrs ...string) { add(h.t, h.Namespace, name, addrs...) }

func add(t *testing.T, n *netns.Namespace, name string, addrs ...string) {
	t.Helper()
	for _, a := range addrs {
		n.AddAddress(t, name, netip.MustParsePrefix(a))
	}
}

// lose takes an address away.
func (h *host) lose(name, addr string) {
	h.t.Helper()
	h.RemoveAddress(h.t, name, netip.MustParsePrefix(addr))
}

// ip is the command: h.ip("route add default via 10.0.0.10").
func (h *host) ip(command string) string { h.t.Helper(); return ip(h.t, h.Namespace, command) }

func ip(t *testing.T, n *netns.Namespace, command string) string {
	t.Helper()
	return n.Output(t, need.Program(t, "ip"), strings.Fields(command)...)
}

// port returns the initiator port of an instance that has an address.
func (h *host) port(instance, addr string) ports.Port {
	h.t.Helper()
	p, ok := h.find(instance, addr)
	if !ok {
		h.t.Fatalf("instance %s has no port %s: %v", instance, addr, h.ports(instance))
	}
	return p
}

// find is port for one that may not be there.
func (h *host) find(instance, addr string) (ports.Port, bool) {
	h.t.Helper()
	want := netip.MustParseAddr(addr)
	known := h.ports(instance)
	i := slices.IndexFunc(known, func(p ports.Port) bool { return p.Address == want })
	if i < 0 {
		return ports.Port{}, false
	}
	return known[i], true
}

// ports returns the initiator ports of an instance.
func (h *host) ports(instance string) []ports.Port {
	h.t.Helper()
	known, err := h.Ports(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.DeleteFunc(known, func(p ports.Port) bool { return p.Instance != instance })
}

// A from says from where to ask: the first half of an entry's key.
type from struct {
	instance string
	port     ports.Number
}

// all leaves it to the routing, among all instances or those addresses that one
// has.
func all(instance string) from { return from{instance: instance} }

// at is one port, by its address.
func (h *host) at(addr string) from {
	h.t.Helper()
	return from{instance: ports.Host, port: h.port(ports.Host, addr).Number}
}

// to makes an entry of it.
func (f from) to(portal string) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{
		Instance: f.instance, Port: f.port,
		Portal: initiator.Portal{Address: portal, Port: pdu.DefaultPort},
	}
}

// ask asks a portal that has to answer, without adding it.
func (h *host) ask(f from, portal string) initiator.Result {
	h.t.Helper()
	p := f.to(portal)
	r, err := h.RefreshSendTargetPortal(h.t.Context(), p.Key())
	if err != nil {
		h.t.Fatalf("%+v: %v", f, err)
	}
	return r
}

// refused asks a portal that has to fail with a code.
func (h *host) refused(f from, portal string, code uint32) error {
	h.t.Helper()
	p := f.to(portal)
	_, err := h.RefreshSendTargetPortal(h.t.Context(), p.Key())
	wantCode(h.t, err, code)
	return err
}

// store adds a portal to the registry.
func (h *host) store(p initiator.SendTargetPortal) initiator.Result {
	h.t.Helper()
	r, err := h.AddSendTargetPortal(h.t.Context(), p)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// wantCode fails the test unless err has a code of the reference API.
func wantCode(t *testing.T, err error, code uint32) {
	t.Helper()
	if got := initiator.Code(err); got != code {
		t.Errorf("code %s, want %s: %v", isdsc.Name(got), isdsc.Name(code), err)
	}
}
