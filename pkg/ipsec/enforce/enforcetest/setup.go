package enforcetest

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// A Setup is an Enforcer under test, and the world that it is in. Each test gets a
// Setup of its own; what the system has need not be new.
type Setup struct {
	Enforcer enforce.Enforcer

	// A server at Portal takes connections under IPsec only, and sends back what it
	// reads.
	Source netip.Addr
	Portal netip.AddrPort
	Outer  netip.Addr  // the gateway to Portal, in tunnel mode
	Key    enforce.PSK // that the peer has, too
	Device string      // the network interface to Portal; empty: binding to one is not tested

	// Silent is a portal that never answers, and whose address is no gateway either.
	// Where InPlace is set the system protects connections to it, too.
	Silent netip.AddrPort

	// Flags are those for which the peer is ready; none: nothing is negotiated.
	Flags []ipsec.Flags

	// InPlace says that the system protects connections to Portal already.
	InPlace bool

	// NoESP says that the system cannot use the keys on which the ends agree. Then no
	// connection comes to be, and the tests are about what fails.
	NoESP bool

	// Left returns what this host has sent to the peer and to Silent since the Setup
	// was made.
	Left func() Left

	// Installed lists what is installed on the system at the moment: policies, security
	// associations, connections and keys of a daemon. Those that come and go without
	// the enforcer are left out.
	Installed func(t testing.TB) []string

	// Lose takes the security associations away, as an administrator may; nil: with
	// NoESP there are none.
	Lose func(t testing.TB)
}

// A Left is what left a host.
type Left struct {
	Packets int      // of any kind, but for what neighbors need to find each other
	Clear   []string // each packet of TCP that was not protected
}

// Run tests what every Enforcer has to do. setup makes the world of one test.
func Run(t *testing.T, setup func(t *testing.T) Setup) {
	t.Helper()
	for _, tt := range []struct {
		name string
		run  func(w *world)
	}{
		{"means", testMeans},
		{"beyond its means", testBeyond},
		{"requests that cannot be", testBadRequests},
		{"announced", testAnnounced},
		{"connection", testConnection},
		{"addresses in other forms", testForms},
		{"interface", testDevice},
		{"several at once", testSeveral},
		{"not used", testUnused},
		{"not in place", testNotInPlace},
		{"wrong key", testWrongKey},
		{"ended before", testEndedBefore},
		{"ended in the middle", testEndedWithin},
		{"ended between", testEndedBetween},
		{"associations lost", testLost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := setup(t)
			if s.Left == nil || s.Installed == nil || s.Lose == nil && !s.NoESP || !s.Silent.IsValid() {
				t.Fatal("the Setup is not complete: Silent, Left, Installed and Lose have to be there")
			}
			tt.run(&world{Setup: s, t: t, before: s.Installed(t)})
		})
	}
}
