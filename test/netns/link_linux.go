package netns

import (
	"fmt"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

const (
	awaitEvery = time.Millisecond
	awaitLimit = time.Minute
)

// Connect lays a cable between interfaces that it makes in two namespaces, which
// may be one and the same, and brings both up. They go with the namespaces.
func Connect(t testing.TB, a *Namespace, aName string, b *Namespace, bName string) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = aName
	err := a.netlink.LinkAdd(&netlink.Veth{
		LinkAttrs:     attrs,
		PeerName:      bName,
		PeerNamespace: netlink.NsFd(b.file.Fd()),
	})
	if err != nil {
		t.Fatalf("netns: connect %s and %s: %v", aName, bName, err)
	}
	a.Up(t, aName)
	b.Up(t, bName)
	a.awaitCarrier(t, aName)
	b.awaitCarrier(t, bName)
}

// Up brings an interface up.
func (n *Namespace) Up(t testing.TB, name string) {
	t.Helper()
	if err := n.up(name); err != nil {
		t.Fatal(err)
	}
}

// Down takes an interface down. Its routes are gone then, as are its IPv6
// addresses.
func (n *Namespace) Down(t testing.TB, name string) {
	t.Helper()
	err := n.netlink.LinkSetDown(n.link(t, name))
	if err != nil {
		t.Fatalf("netns: %s: %v", name, err)
	}
}

// awaitCarrier waits until the system has taken note that both ends of a cable
// are up. Until then it drops what is sent.
func (n *Namespace) awaitCarrier(t testing.TB, name string) {
	t.Helper()
	await(t, name+": carrier", func() bool { return n.link(t, name).Attrs().OperState == netlink.OperUp })
}

// await waits until something is so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	limit := time.After(awaitLimit)
	for !so() {
		select {
		case <-limit:
			t.Fatalf("netns: %s: not in time", what)
		case <-tick.C:
		}
	}
}

// link finds an interface.
func (n *Namespace) link(t testing.TB, name string) netlink.Link {
	t.Helper()
	link, err := n.netlink.LinkByName(name)
	if err != nil {
		t.Fatalf("netns: %s: %v", name, err)
	}
	return link
}

func (n *Namespace) up(name string) error {
	link, err := n.netlink.LinkByName(name)
	if err == nil {
		err = n.netlink.LinkSetUp(link)
	}
	if err != nil {
		return fmt.Errorf("netns: %s: %w", name, err)
	}
	return nil
}
