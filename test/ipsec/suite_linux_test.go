package ipsec_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce/enforcetest"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// suiteVariable has a copy of the test program run the suite of enforcers in a guest.
const suiteVariable = "IPSEC_TEST_SUITE"

// A suite is what package enforcetest needs to know of the world of an enforcer.
type suite struct {
	Charon  string // its socket; empty: the kernel's policies alone
	Source  netip.Addr
	Portal  netip.AddrPort
	Silent  netip.AddrPort
	Key     string
	Device  string
	Flags   []ipsec.Flags
	InPlace bool
	NoESP   bool
}

// run runs the suite in the namespace that the test program is in.
func (s *suite) run(t *testing.T) {
	t.Helper()
	s.neighbor(t)
	enforcetest.Run(t, func(t *testing.T) enforcetest.Setup {
		tap := listenOn(t, s.Device, s.Portal.Addr(), s.Silent.Addr())
		return enforcetest.Setup{
			Enforcer: s.enforcer(), Source: s.Source, Portal: s.Portal, Outer: s.Portal.Addr(), Device: s.Device, Silent: s.Silent,
			Key:   enforce.PSK{Secret: auth.NewSecret([]byte(s.Key))},
			Flags: s.Flags, InPlace: s.InPlace, NoESP: s.NoESP,
			Left:      func() enforcetest.Left { return tap.read(t) },
			Installed: s.installed,
			Lose: func(t testing.TB) {
				if err := netlink.XfrmStateFlush(0); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

func (s *suite) enforcer() enforce.Enforcer {
	if s.Charon == "" {
		return &xfrm.Enforcer{Wait: 1500 * time.Millisecond}
	}
	return &strongswan.Enforcer{Socket: s.Charon}
}

// neighbor gives Silent a place on the cable: what is sent there leaves, and is seen.
func (s *suite) neighbor(t *testing.T) {
	t.Helper()
	link, err := netlink.LinkByName(s.Device)
	if err == nil {
		err = netlink.NeighSet(&netlink.Neigh{
			LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: s.Silent.Addr().AsSlice(),
			HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 0x77},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// installed lists policies and associations of the kernel, and what is of ours in
// charon.
func (s *suite) installed(t testing.TB) (all []string) {
	t.Helper()
	policies, err := netlink.XfrmPolicyList(netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range policies {
		if p.Dir <= netlink.XFRM_DIR_FWD { // else it is of a socket
			all = append(all, fmt.Sprintf("policy %s, %s port %d to %s port %d, priority %d", p.Dir, p.Src, p.SrcPort, p.Dst, p.DstPort, p.Priority))
		}
	}
	states, err := netlink.XfrmStateList(netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range states {
		if a.Spi != 0 { // else it is wished for
			all = append(all, fmt.Sprintf("association %s to %s, SPI %#x", a.Src, a.Dst, a.Spi))
		}
	}
	if s.Charon == "" {
		return all
	}
	list, err := (&strongswan.Enforcer{Socket: s.Charon}).Cleanup(t.Context(), false, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		all = append(all, "in charon: "+l.Name)
	}
	return all
}

// TestSuiteInGuest is run in a guest by testSuite of the lab.
func TestSuiteInGuest(t *testing.T) {
	text := os.Getenv(suiteVariable)
	if text == "" {
		t.Skip("TestESP runs it in a guest")
	}
	var s suite
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	s.run(t)
}

// TestXFRMSuite: the kernel's policies are in place, and no daemon negotiates keys. So
// no connection comes to be, and nothing leaves. Where there are keys, TestESP runs
// the suite.
func TestXFRMSuite(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		t.Run(fmt.Sprintf("IPv6 %v", v6), func(t *testing.T) {
			w := newWorld(t, v6)
			s := suiteOf(t, w)
			s.InPlace, s.NoESP = true, true
			silent := netip.PrefixFrom(s.Silent.Addr(), s.Silent.Addr().BitLen())
			addPolicies(t, w,
				rule{dir: out, tmpl: "transport"}, rule{dir: in, tmpl: "transport"},
				rule{dir: out, tmpl: "transport", far: silent}, rule{dir: in, tmpl: "transport", far: silent})
			s.run(t)
		})
	}
}

// suiteOf returns the suite for a world, with a portal that echoes.
func suiteOf(t *testing.T, w *world) suite {
	t.Helper()
	l, err := w.target.Listen(t.Context(), netip.AddrPortFrom(w.portal.Addr(), 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for nc, err := l.Accept(); err == nil; nc, err = l.Accept() {
			go echo(nc)
		}
	}()
	portal := netip.MustParseAddrPort(l.Addr().String())
	return suite{Source: w.source, Portal: portal, Silent: silent(portal), Key: hostKey, Device: w.cable}
}

// echo sends back what it reads.
func echo(nc net.Conn) {
	defer nc.Close()
	_, _ = io.Copy(nc, nc)
}

// withPFS has a peer want the group of perfect forward secrecy, where flags have it.
func withPFS(flags ipsec.Flags) func(string) string {
	return func(text string) string {
		if !flags.Has(ipsec.FlagPFS) {
			return text
		}
		return strings.Replace(text, "esp_proposals = aes128-sha256\n", "esp_proposals = aes128-sha256-modp2048\n", 1)
	}
}

// testSuite: charons on the host's kernel agree on keys, which cannot be used where it
// has no ESP.
func (h *hostCharon) testSuite(t *testing.T) {
	for _, flags := range []ipsec.Flags{mainTransport, aggrTunnelPFS} {
		t.Run(flags.String(), func(t *testing.T) {
			w := newWorld(t, false)
			peerOf(t, w, flags, hostKey, withPFS(flags), allowAggressive)
			s := suiteOf(t, w)
			s.Charon, s.Flags, s.NoESP = h.socket, []ipsec.Flags{flags}, !hasESP(t)
			s.run(t)
		})
	}
}
