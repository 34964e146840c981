package network

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/netns"
)

// An array is a storage system in a network of its own.
type array struct {
	*netns.Namespace
	t      *testing.T
	disk   string // name of its only target
	server *iscsitest.Server
	seen   int // sessions that were looked at
}

// newArray returns an array without cables. Its portals are on all addresses
// that it has and will have; change may make it another target.
func newArray(t *testing.T, name string, change ...func(*iscsitest.Target)) *array {
	t.Helper()
	a := &array{Namespace: netns.New(t), t: t, disk: "iqn.2026-11.com.example:" + name}
	noFilter(t, a.Namespace)
	l, err := a.Listen(t.Context(), netip.AddrPortFrom(netip.IPv6Unspecified(), initiator.DefaultPort))
	if err != nil {
		t.Fatal(err)
	}
	target := &iscsitest.Target{Records: []iscsitest.Record{{Name: a.disk}}}
	for _, f := range change {
		f(target)
	}
	a.server = iscsitest.ListenWith(t, l, target)
	return a
}

// addr gives an interface addresses.
func (a *array) addr(name string, addrs ...string) { add(a.t, a.Namespace, name, addrs...) }

// ip is the command.
func (a *array) ip(command string) string { a.t.Helper(); return ip(a.t, a.Namespace, command) }

// saw compares the addresses from which sessions came since it was last called,
// in order, and returns the sessions.
func (a *array) saw(want ...string) []iscsitest.Session {
	a.t.Helper()
	sessions := a.server.Sessions()[a.seen:]
	a.seen += len(sessions)
	var got []string
	for _, s := range sessions {
		// The name of the interface is not known out here.
		got = append(got, s.Peer.Addr().WithZone("").String())
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("sessions at %s: got %v, want %v", a.disk, got, want)
	}
	return sessions
}
