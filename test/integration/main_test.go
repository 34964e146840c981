// Package integration holds the library against real targets: gotgt, tgt and
// istgt as child processes, in a network namespace of the tests' own where there
// is root. What each of them can do, and its quirks, is in docs/compatibility.md.
package integration

import (
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
)

const initiatorName = "iqn.2026-11.com.example:integration"

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(m.Run())
}

var (
	loopback4 = netip.MustParseAddr("127.0.0.1")
	another4  = netip.MustParseAddr("127.0.0.2")
	loopback6 = netip.MustParseAddr("::1")
)

// newDiscoverer returns a Discoverer for patient tests: machines are slow when
// everything runs at once.
func newDiscoverer() *initiator.Discoverer {
	return &initiator.Discoverer{InitiatorName: initiatorName, Timeout: time.Minute}
}

// at returns a portal at an address, with credentials where there are any.
func at(portal netip.AddrPort, chap targets.CHAP) initiator.SendTargetPortal {
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: portal.Addr().String(), Port: portal.Port()}}
	if chap.User == "" {
		return p
	}
	secret := auth.NewSecret([]byte(chap.Secret))
	if chap.TargetUser != "" {
		p.Login.UseMutualCHAP(chap.User, secret, chap.TargetUser, auth.NewSecret([]byte(chap.TargetSecret)))
	} else {
		p.Login.UseCHAP(chap.User, secret)
	}
	return p
}

// discover asks a portal that has to answer.
func discover(t *testing.T, p initiator.SendTargetPortal) initiator.Result {
	t.Helper()
	r, err := newDiscoverer().Discover(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// portals returns what was found as iscsi-ls tells it: portals by target.
func portals(r initiator.Result) map[string][]string {
	m := make(map[string][]string)
	for _, target := range r.Targets {
		for _, a := range target.Addresses {
			m[target.Name] = append(m[target.Name], a.String())
		}
		slices.Sort(m[target.Name])
	}
	return m
}

// same compares what was found with what was wanted.
func same(t *testing.T, want, got map[string][]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("portals by target (-want +got):\n%s", diff)
	}
}

// everywhere returns what a target shows whose names are all on all portals.
func everywhere(names []string, group string, portals ...netip.AddrPort) map[string][]string {
	var addresses []string
	for _, p := range portals {
		addresses = append(addresses, p.String()+","+group)
	}
	slices.Sort(addresses)
	m := make(map[string][]string)
	for _, name := range names {
		m[name] = addresses
	}
	return m
}
