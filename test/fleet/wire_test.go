package fleet

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
)

// A wire is the network: one router, and at the end of each of its cables a node with the
// second address of a subnet of its own.
type wire struct {
	router *netns.Namespace
	cables int
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{router: netns.New(t)}
	w.router.Sysctl(t, "net/ipv4/ip_forward", "1")
	return w
}

// A cable goes from the router to a node.
type cable struct {
	*wire
	node   *netns.Namespace
	device string     // of the node
	port   string     // of the router
	own    netip.Addr // of the node
	far    netip.Addr // of the router
}

// lay lays a cable to a node.
func (w *wire) lay(t *testing.T, node *netns.Namespace, device string) *cable {
	t.Helper()
	w.cables++
	c := &cable{
		wire: w, node: node, device: device, port: fmt.Sprintf("port%d", w.cables),
		far: netip.AddrFrom4([4]byte{198, 18, byte(w.cables), 1}), own: netip.AddrFrom4([4]byte{198, 18, byte(w.cables), 2}),
	}
	netns.Connect(t, w.router, c.port, node, device)
	for _, end := range []*netns.Namespace{w.router, node} { // whatever way packets take
		end.Sysctl(t, "net/ipv4/conf/all/rp_filter", "0")
	}
	w.router.Sysctl(t, "net/ipv4/conf/"+c.port+"/rp_filter", "0")
	node.Sysctl(t, "net/ipv4/conf/"+device+"/rp_filter", "0")
	w.router.AddAddress(t, c.port, netip.PrefixFrom(c.far, 24))
	node.AddAddress(t, device, netip.PrefixFrom(c.own, 24))
	return c
}

// lead has packets of the node to a destination go by this cable.
func (c *cable) lead(t *testing.T, to netip.Prefix) {
	t.Helper()
	c.node.AddRoute(t, netns.Route{To: to, Via: c.far})
}

// drop has the router drop what goes to the node by this cable, and what comes from it:
// nobody is told.
func (c *cable) drop(t *testing.T) {
	t.Helper()
	c.rule(t, "add")
}

// pass ends drop.
func (c *cable) pass(t *testing.T) {
	t.Helper()
	c.rule(t, "del")
}

func (c *cable) rule(t *testing.T, what string) {
	t.Helper()
	for _, which := range []string{"from", "to"} {
		ip(t, c.router, fmt.Sprintf("rule %s %s %s/32 blackhole", what, which, c.own))
	}
}

// ip runs the command in a namespace.
func ip(t *testing.T, n *netns.Namespace, command string) {
	t.Helper()
	n.Output(t, need.Program(t, "ip"), strings.Fields(command)...)
}
