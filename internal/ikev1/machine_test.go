package ikev1

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

func TestNegotiation(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		aggressive bool
		tunnel     bool
		ike        string
		esp        string
	}{
		{"main, transport", false, false, "aes256-sha256-modp2048", "aes256gcm16"},
		{"main, tunnel", false, true, "aes128-sha1-modp1024", "aes128-sha1"},
		{"main, transport, forward secrecy", false, false, "aes256-sha1-modp1024", "aes256-sha256-modp1024"},
		{"main, tunnel, forward secrecy of a curve", false, true, "aes256-sha512-ecp384", "aes256-sha512-ecp256"},
		{"main, 3DES", false, false, "3des-sha1-modp1024", "3des-sha1"},
		{"aggressive, transport", true, false, "aes256-sha256-modp2048", "aes128-sha256"},
		{"aggressive, tunnel, forward secrecy", true, true, "aes128-sha256-ecp256", "aes128gcm16-modp1024"},
		{"aggressive, SHA-384", true, false, "aes256-sha384-modp1024", "aes256-sha384"},
	}
	for _, tt := range tests {
		for _, family := range []string{"IPv4", "IPv6"} {
			t.Run(tt.name+", "+family, func(t *testing.T) {
				t.Parallel()
				cfg, peer, child := config(t), peerConfig(), want(t, tt.esp)
				cfg.Aggressive, cfg.Suites, child.Tunnel = tt.aggressive, []ike.Suite{suite(t, tt.ike)}, tt.tunnel
				if family == "IPv6" {
					cfg.Source, cfg.Peer = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
					cfg.Local, cfg.Remote = ike.AddrIdentity(cfg.Source), ike.AddrIdentity(cfg.Peer)
					peer.Addr, peer.Initiator = cfg.Peer, cfg.Source
					child.Local, child.Portal = netip.AddrPortFrom(cfg.Source, 50001), netip.AddrPortFrom(cfg.Peer, 3260)
				}
				n := newNet(t, cfg, peer)
				n.mustUp(child)
				got := n.ups(1)[0]
				if got.Tunnel != tt.tunnel || got.Suite != child.Suites[0] || got.Wide {
					t.Errorf("got %+v, want as asked for", got)
				}
				want := ike.Established{Exchange: strings.Split(tt.name, ",")[0], Suite: cfg.Suites[0]}
				if n.events[0] != ike.Event(want) {
					t.Errorf("got %+v, want %+v", n.events[0], want)
				}
				c := n.peer.Children()[0]
				if c.Initiator != child.Local || c.Portal != child.Portal {
					t.Errorf("selectors: got %v and %v, want %v and %v", c.Initiator, c.Portal, child.Local, child.Portal)
				}
				n.do(n.m.Close(n.now))
				n.run(2*travel, nil)
				if len(n.peer.Children()) != 0 || n.peer.Established() != 0 {
					t.Errorf("after Close the peer has %d children and %d IKE security associations", len(n.peer.Children()), n.peer.Established())
				}
				if f := n.peer.Faults(); len(f) > 0 {
					t.Errorf("the peer: %v", f)
				}
			})
		}
	}
}
