package sweep

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// keepAll returns what is kept of a block that is given twice, with a result of each address.
func keepAll(t *testing.T, room int64, fail func(netip.AddrPort) error) *replay {
	t.Helper()
	portals, err := ParsePortals([]string{"10.0.0.0/20", "10.0.0.0/20"}, 3260, &machine.Env{})
	if err != nil {
		t.Fatal(err)
	}
	p := &replay{Repeats: NewRepeats(portals), room: room, kept: make(map[int]*keptPortal)}
	for i := range portals.Count / 2 {
		portal := portals.At(i)
		to := netip.AddrPortFrom(netip.MustParseAddr(portal.Address), portal.Port)
		r := &initiator.Result{Address: to, Err: fail(to)}
		r.Asked.Portal = portal
		p.keep(i, Session{}, &initiator.Batch{Index: i, Portal: portal, Address: to, Result: r})
	}
	return p
}

// TestKeepFailures: addresses without a connection differ in nothing but the address, and take
// memory once.
func TestKeepFailures(t *testing.T) {
	t.Parallel()
	p := keepAll(t, 1<<20, func(to netip.AddrPort) error {
		op := &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
		return &initiator.Error{Stage: initiator.StageConnect, Portal: initiator.Portal{Address: to.Addr().String(), Port: to.Port()}, Address: to, Err: op}
	})
	if len(p.alike) != 1 || len(p.kept) != 0 || len(p.failures) != 1 {
		t.Errorf("got %d runs, %d portals and %d failures, want one run of one failure", len(p.alike), len(p.kept), len(p.failures))
	}
}

// TestKeepRoom: results for which there is no room are not kept, and their later places say so.
func TestKeepRoom(t *testing.T) {
	t.Parallel()
	const room, fit = 100 * resultSize, 100 + spareRoom/resultSize
	p := keepAll(t, room, func(netip.AddrPort) error { return nil })
	if len(p.kept) != fit || p.used > room+spareRoom || len(p.alike) != 1 {
		t.Fatalf("got %d portals in %d of %d bytes and %d runs, want %d portals", len(p.kept), p.used, room+spareRoom, len(p.alike), fit)
	}
	const want = "discovery at 10.0.2.101:3260: the portal is given more than once, and the 204800 bytes in which results are kept for that are used up; its result is at its first place"
	if got := moved(*p.alike.at(fit), p.portals.At(fit)).Err.Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
