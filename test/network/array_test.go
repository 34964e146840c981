package network

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/netns"
)

// An array is a storage system in a network of its own.
type array struct {
	*netns.Namespace
	*door // at the usual TCP port, of all addresses that it has and will have
	t     *testing.T
}

// newArray returns an array without cables, which shows one target; change may
// make it do something else.
func newArray(t *testing.T, name string, change ...func(*iscsitest.Target)) *array {
	t.Helper()
	a := &array{Namespace: netns.New(t), t: t}
	noFilter(t, a.Namespace)
	target := &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:" + name}}}
	for _, f := range change {
		f(target)
	}
	a.door = a.open(pdu.DefaultPort, target)
	return a
}

// A door is a TCP port of an array.
type door struct {
	t      *testing.T
	disk   string // name of the only target
	server *iscsitest.Server
	seen   int // sessions that were looked at
}

// open opens another one.
func (a *array) open(port uint16, target *iscsitest.Target) *door {
	a.t.Helper()
	l, err := a.Listen(a.t.Context(), netip.AddrPortFrom(netip.IPv6Unspecified(), port))
	if err != nil {
		a.t.Fatal(err)
	}
	return &door{t: a.t, disk: target.Records[0].Name, server: iscsitest.ListenWith(a.t, l, target)}
}

// addr gives an interface addresses.
func (a *array) addr(name string, addrs ...string) { add(a.t, a.Namespace, name, addrs...) }

// ip is the command.
func (a *array) ip(command string) string { a.t.Helper(); return ip(a.t, a.Namespace, command) }

// saw compares the addresses from which sessions came since it was last called,
// in order, and returns the sessions.
func (d *door) saw(want ...string) []iscsitest.Session {
	d.t.Helper()
	sessions := d.server.Sessions()[d.seen:]
	d.seen += len(sessions)
	var got []string
	for _, s := range sessions {
		// The name of the interface is not known out here.
		got = append(got, s.Peer.Addr().WithZone("").String())
	}
	if !slices.Equal(got, want) {
		d.t.Errorf("sessions at %s: got %v, want %v", d.disk, got, want)
	}
	return sessions
}

// sawName is saw for one session, and the name that the initiator gave itself.
func (d *door) sawName(name, addr string) {
	d.t.Helper()
	for _, s := range d.saw(addr) {
		if got, _ := s.Key("InitiatorName"); got != name {
			d.t.Errorf("at %s: initiator %s, want %s", d.disk, got, name)
		}
	}
}
