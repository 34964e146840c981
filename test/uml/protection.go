//go:build linux

package uml

import (
	"fmt"
	"net/netip"
	"strings"
)

// A Protection is what two hosts agree on to protect what is between them. The
// zero value is IKEv1 in main mode, then ESP in transport mode without perfect
// forward secrecy.
type Protection struct {
	Version    int // of IKE; zero: 1
	Aggressive bool
	Tunnel     bool
	PFS        bool
	Encap      bool   // ESP within UDP, also where there is no NAT
	Key        string // preshared; empty: GroupKey

	// Behind is an address at the peer that is protected in place of the one that
	// IKE is spoken with; zero: that one. It takes a tunnel.
	Behind netip.Addr

	// Inside is the address that the initiator has in the tunnel, behind a NAT; zero:
	// that from which it speaks IKE.
	Inside netip.Addr

	// Also is a second initiator, to which all of it applies as well; zero: none. It
	// is for charon alone.
	Also netip.Addr

	// Identities by which they know each other; empty: their addresses.
	PeerID, InitiatorID string

	// Proposals as swanctl.conf has them; empty: AES-128, SHA-256 and group 14
	// of both, without the group in ESP where PFS is not set.
	IKE, ESP string
}

// GroupKey is the preshared key of a Protection that says nothing else.
const GroupKey = "a key for the whole group"

const (
	defaultIKE = "aes128-sha256-modp2048"
	defaultESP = "aes128-sha256"
	groupPFS   = "-modp2048"
)

// String returns the kind of protection, such as "main transport PFS".
func (p Protection) String() string {
	words := []string{"main"}
	switch {
	case p.version() == 2:
		words[0] = "IKEv2"
	case p.Aggressive:
		words[0] = "aggressive"
	}
	words = append(words, p.mode())
	if p.PFS {
		words = append(words, "PFS")
	}
	if p.Encap {
		words = append(words, "in UDP")
	}
	return strings.Join(words, " ")
}

func (p Protection) mode() string {
	if p.Tunnel {
		return "tunnel"
	}
	return "transport"
}

func (p Protection) version() int {
	if p.Version == 0 {
		return 1
	}
	return p.Version
}

// ForPeer returns the connection for the end that is asked, as swanctl.conf has
// it: its name is also that of its one child, and of its secret.
func (p Protection) ForPeer(name string, peer, initiator netip.Addr) string {
	initiators := initiator.String()
	if p.Also.IsValid() {
		initiators += ", " + p.Also.String()
	}
	return p.conn(name, peer.String(), initiators, p.PeerID, p.InitiatorID, "local_ts", "remote_ts")
}

// ForInitiator returns the same connection for the end that asks.
func (p Protection) ForInitiator(name string, initiator, peer netip.Addr) string {
	return p.conn(name, initiator.String(), peer.String(), p.InitiatorID, p.PeerID, "remote_ts", "local_ts")
}

// withDefaults returns the same protection with nothing left to say.
func (p Protection) withDefaults() Protection {
	if p.IKE == "" {
		p.IKE = defaultIKE
	}
	if p.ESP == "" {
		p.ESP = defaultESP
		if p.PFS {
			p.ESP += groupPFS
		}
	}
	if p.Key == "" {
		p.Key = GroupKey
	}
	return p
}

// conn writes the connection, with the names that the selectors of the peer and of the
// initiator have at this end.
func (p Protection) conn(name, local, remote, localID, remoteID, peerTS, initiatorTS string) string {
	p = p.withDefaults()
	var b strings.Builder
	fmt.Fprintf(&b, "connections { %s {\n", name)
	fmt.Fprintf(&b, "version = %d\naggressive = %s\nencap = %s\n", p.version(), yes(p.Aggressive), yes(p.Encap))
	fmt.Fprintf(&b, "local_addrs = %s\nremote_addrs = %s\nproposals = %s\n", local, remote, p.IKE)
	fmt.Fprintf(&b, "local {\nauth = psk\n%s}\nremote {\nauth = psk\n%s}\n", identity(localID), identity(remoteID))
	fmt.Fprintf(&b, "children { %s {\nmode = %s\nesp_proposals = %s\n", name, p.mode(), p.ESP)
	for selector, addr := range map[string]netip.Addr{peerTS: p.Behind, initiatorTS: p.Inside} {
		if addr.IsValid() {
			fmt.Fprintf(&b, "%s = %s/%d\n", selector, addr, addr.BitLen())
		}
	}
	fmt.Fprintf(&b, "} }\n")
	fmt.Fprintf(&b, "} }\nsecrets { ike-%s {\nsecret = %q\n} }\n", name, p.Key)
	return b.String()
}

func identity(id string) string {
	if id == "" {
		return ""
	}
	return "id = " + id + "\n"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
