package esp_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/ipsec/suite"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/uml"
)

// testSuite: the suite of package enforcetest in the host, with a peer that is ready
// for one plan at a time; and with an administrator's connection that is in place.
func (l *lab) testSuite(t *testing.T) {
	for _, tt := range []struct {
		name    string
		flags   ipsec.Flags
		v6      bool
		inPlace bool
		xfrm    bool
	}{
		{name: "strongswan, main, transport", flags: job.MainTransport},
		{name: "strongswan, aggressive, tunnel, PFS", flags: job.AggrTunnelPFS},
		{name: "strongswan, main, tunnel, PFS, IPv6", flags: job.MainTunnelPFS, v6: true},
		{name: "xfrm, transport", flags: job.MainTransport, inPlace: true, xfrm: true},
		{name: "strongswan, in place, tunnel", flags: job.MainTunnelPFS &^ ipsec.FlagPFS, inPlace: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := l.idle(t, tt.flags, tt.v6, job.Echo)
			s := suite.Suite{Source: j.Source, Portal: j.Portal, Silent: suite.SilentFor(j.Portal), Key: j.Key, Device: guestCable, Charon: j.Charon}
			if tt.inPlace {
				s.InPlace = true
				l.administer(t, protection(tt.flags))
				l.bringUp(t)
				l.protect(t, s.Source, s.Silent.Addr())
			} else {
				s.Flags = []ipsec.Flags{tt.flags}
			}
			if tt.xfrm {
				s.Charon = ""
			}
			traffic := l.watched(t, func() { l.runSuite(t, s) })
			if traffic.Protected() == 0 {
				t.Errorf("on the wire: %+v, want ESP", traffic)
			}
		})
	}
}

// protect has the host's kernel let nothing pass to an address but under ESP, until
// the end of the test.
func (l *lab) protect(t *testing.T, host, peer netip.Addr) {
	t.Helper()
	for _, ends := range [][]string{{"out", host.String(), peer.String()}, {"in", peer.String(), host.String()}} {
		l.host.Run(t, "ip", "xfrm", "policy", "add", "dir", ends[0], "src", ends[1], "dst", ends[2], "tmpl", "src", ends[1], "dst", ends[2], "proto", "esp", "mode", "transport")
	}
}

// runSuite runs the suite in the host.
func (l *lab) runSuite(t *testing.T, s suite.Suite) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = l.host.Exec(t.Context(), uml.Command{
		Args: []string{suiteProgram, "-test.run=^TestSuiteInGuest$", "-test.v"}, Env: []string{suiteVariable + "=" + string(text)},
	}, &out)
	if err != nil || !strings.Contains(out.String(), "--- PASS: TestSuiteInGuest/associations_lost") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}
