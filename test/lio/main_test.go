//go:build linux

// Package lio holds the library against LIO, the Linux kernel's iSCSI target, in
// a guest of package uml, and against what open-iscsi's iscsiadm sees there.
package lio

import (
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml"
)

const initiatorName = "iqn.2026-11.com.example:lio"

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(m.Run())
}

// Where the guest is: three portals, and where the test is.
var (
	first  = netip.MustParsePrefix("10.99.0.2/24")
	second = netip.MustParsePrefix("10.99.0.3/24")
	third  = netip.MustParsePrefix("fd99::2/64")
	here   = netip.MustParseAddr("10.99.0.1")
)

// A world is a guest with LIO in it.
type world struct {
	guest   *uml.Guest
	lio     *uml.LIO
	names   []string // of the targets that are there for all tests
	command string   // the path of discover, which the guest has in its PATH
}

// TestLIO starts the world and runs all tests in it, one after the other: what
// LIO asks of those who discover is one setting for all.
func TestLIO(t *testing.T) {
	need.IPv6(t)
	// What uml.Start asks for as well, but before discover is built in vain.
	need.Program(t, "linux.uml")
	need.Root(t)
	command := buildCommand(t)
	w := &world{
		guest: uml.Start(t, uml.Config{
			Far:      []netip.Prefix{first, second, third},
			Programs: []uml.Program{{Name: "discover", Built: command}},
		}),
		names:   targets.Names("lio", 3),
		command: command,
	}
	w.lio = w.guest.StartLIO(t)
	w.lio.Add(t, named(w.names...)...)
	for _, tt := range []struct {
		name string
		run  func(*world, *testing.T)
	}{
		{"portals", (*world).testPortals},
		{"groups", (*world).testGroups},
		{"visibility", (*world).testVisibility},
		{"wildcard", (*world).testWildcard},
		{"CHAP", (*world).testCHAP},
		{"CHAP that is not enforced", (*world).testOptionalCHAP},
		{"CHAP that is preferred", (*world).testPreferredCHAP},
		{"CHAP by name", (*world).testCHAPName},
		{"CHAP that does not convince", (*world).testCHAPRefused},
		{"digests", (*world).testDigests},
		{"wire", (*world).testWire},
		{"command", (*world).testCommand},
		{"iscsiadm", (*world).testIscsiadm},
		{"sessions of iscsiadm", (*world).testSessions},
		{"long list", (*world).testLongList}, // the last: it leaves targets behind
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(w, t) })
	}
}

// portals returns LIO's portals.
func (w *world) portals() []netip.AddrPort {
	var list []netip.AddrPort
	for _, addr := range w.guest.Addresses {
		list = append(list, netip.AddrPortFrom(addr, uml.LIOPort))
	}
	return list
}

// add adds targets until the end of the test.
func (w *world) add(t *testing.T, targets ...uml.LIOTarget) {
	t.Helper()
	w.lio.Add(t, targets...)
	t.Cleanup(func() { w.lio.Remove(t, targets...) })
}

// named returns targets that are on all portals.
func named(names ...string) []uml.LIOTarget {
	var list []uml.LIOTarget
	for _, name := range names {
		list = append(list, uml.LIOTarget{Name: name})
	}
	return list
}

// capture captures what goes between us and LIO.
func (w *world) capture(t *testing.T) *targets.Capture {
	t.Helper()
	return targets.StartCapture(t, targets.CaptureConfig{Interface: w.guest.Interface, Port: uml.LIOPort})
}

// newDiscoverer returns a Discoverer for patient tests: machines are slow when
// everything runs at once.
func newDiscoverer() *initiator.Discoverer {
	return &initiator.Discoverer{InitiatorName: initiatorName, Timeout: time.Minute}
}

// at returns a portal of LIO.
func at(portal netip.AddrPort) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{Portal: initiator.Portal{Address: portal.Addr().String(), Port: portal.Port()}}
}

// discover asks a portal that has to answer.
func discover(t *testing.T, p initiator.SendTargetPortal) initiator.Result {
	t.Helper()
	r, err := newDiscoverer().Discover(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Warnings) > 0 {
		t.Errorf("warnings %v", r.Warnings)
	}
	return r
}

// A list is what a discovery finds: addresses by target, sorted.
type list map[string][]string

// found returns what a discovery found.
func found(r initiator.Result) list {
	l := make(list)
	for _, target := range r.Targets {
		for _, a := range target.Addresses {
			l[target.Name] = append(l[target.Name], a.String())
		}
		slices.Sort(l[target.Name])
	}
	return l
}

// everywhere returns the list of targets that are all in portal group 1 on all
// portals.
func everywhere(names []string, portals ...netip.AddrPort) list {
	var addresses []string
	for _, p := range portals {
		addresses = append(addresses, p.String()+",1")
	}
	slices.Sort(addresses)
	l := make(list)
	for _, name := range names {
		l[name] = addresses
	}
	return l
}

func same(t *testing.T, want, got list) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses by target (-want +got):\n%s", diff)
	}
}
