package ipsec_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/ipsec/suite"
)

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
			s.Run(t)
		})
	}
}

// suiteOf returns the suite for a world, with a portal that echoes.
func suiteOf(t *testing.T, w *world) suite.Suite {
	t.Helper()
	l, err := w.target.Listen(t.Context(), netip.AddrPortFrom(w.portal.Addr(), 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for nc, err := l.Accept(); err == nil; nc, err = l.Accept() {
			go job.EchoOn(nc)
		}
	}()
	portal := netip.MustParseAddrPort(l.Addr().String())
	return suite.Suite{Source: w.source, Portal: portal, Silent: suite.SilentFor(portal), Key: hostKey, Device: w.cable}
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
	for _, flags := range []ipsec.Flags{job.MainTransport, job.AggrTunnelPFS} {
		t.Run(flags.String(), func(t *testing.T) {
			w := newWorld(t, false)
			peerOf(t, w, flags, hostKey, withPFS(flags), allowAggressive)
			s := suiteOf(t, w)
			s.Charon, s.Flags, s.NoESP = h.socket, []ipsec.Flags{flags}, !hasESP(t)
			s.Run(t)
		})
	}
}

// TestListener: what leaves in clear text is seen at once, and told from what does not
// leave.
func TestListener(t *testing.T) {
	t.Parallel()
	for _, v6 := range []bool{false, true} {
		w := newWorld(t, v6)
		l := suite.ListenOn(t, w.cable, w.portal.Addr())
		if left := l.Read(t); left.Packets > 0 {
			t.Errorf("got %+v, want nothing", left)
		}
		if err := w.plain(t, limit); err != nil {
			t.Fatal(err)
		}
		if left := l.Read(t); left.Packets == 0 || len(left.Clear) != left.Packets {
			t.Errorf("got %+v, want packets in clear text", left)
		}
	}
}
