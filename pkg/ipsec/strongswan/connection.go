package strongswan

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// What is proposed, best first. RFC 3723 wants 3DES with SHA-1 of every target,
// and with it go small groups; they are proposed only where asked for.
var (
	proposalsIKE = []string{"aes256-sha256-modp2048", "aes128-sha256-modp2048", "aes128-sha1-modp2048"}
	legacyIKE    = []string{"3des-sha1-modp1024"}
	proposalsESP = []string{"aes256gcm16", "aes128-sha256", "aes128-sha1"}
	legacyESP    = []string{"3des-sha1"}
)

// The groups of perfect forward secrecy.
const (
	groupPFS       = "-modp2048"
	legacyGroupPFS = "-modp1024"
)

// How long an IKE association may live, in seconds: as long as no connection of
// ours does. The daemon shares an IKE association between connections that are
// configured alike. Ours shall not be shared, so each gets another time, from a
// range.
const (
	lifetime      = 3 * 60 * 60
	lifetimeRange = 60 * 60
)

// A connection is one connection of ours, as the daemon knows it.
type connection struct {
	name   string
	reqid  uint32
	serial uint64
	plan   ipsec.Plan
	source netip.Addr
	portal netip.AddrPort
	peer   netip.Addr // the other end of IKE and of IPsec: the portal, or its gateway
	local  string     // our identity
	remote string     // the peer's
	legacy bool
}

// newConnection gives a connection all but its name and numbers.
func newConnection(s initiator.Secured) connection {
	c := connection{plan: s.Plan, source: s.Source.Unmap(), portal: netip.AddrPortFrom(s.Portal.Addr().Unmap(), s.Portal.Port()), peer: s.Portal.Addr().Unmap(), local: s.Key.Local, remote: s.Key.Remote}
	if s.Plan.Mode == ipsec.TunnelMode {
		c.peer = s.Outer.Unmap()
	}
	if c.local == "" {
		c.local = c.source.String()
	}
	if c.remote == "" {
		c.remote = c.peer.String()
	}
	return c
}

// association is what the socket is held to.
func (c *connection) association() xfrm.Association {
	return xfrm.Association{Mode: c.plan.Mode, Local: c.source, Remote: c.peer, Reqid: c.reqid}
}

// key is the message that gives the daemon the preshared key.
func (c *connection) key(secret []byte) vici.Section {
	return vici.Section{
		vici.Text("id", c.name),
		vici.Text("type", "IKE"),
		vici.Bytes("data", secret),
		vici.List("owners", c.local, c.remote),
	}
}

// config is the message that tells the daemon of the connection. Nothing in it
// acts by itself: no trap, no restart, no dead peer detection, no policies.
func (c *connection) config() vici.Section {
	auth := func(end, id string) vici.Element {
		return vici.Sub(end, vici.Text("auth", "psk"), vici.Text("id", id))
	}
	return vici.Section{vici.Sub(c.name,
		vici.Text("version", "1"),
		vici.Text("aggressive", yesNo(c.plan.Exchange == ipsec.AggressiveMode)),
		vici.List("local_addrs", c.source.String()),
		vici.List("remote_addrs", c.peer.String()),
		vici.List("proposals", c.proposals(proposalsIKE, legacyIKE)...),
		vici.Text("keyingtries", "1"),
		vici.Text("dpd_delay", "0"),
		// Else the peer would be told to forget what it has with this host
		// otherwise (INITIAL_CONTACT).
		vici.Text("unique", "never"),
		vici.Text("rekey_time", fmt.Sprintf("%ds", lifetime+c.serial%lifetimeRange)),
		auth("local", c.local),
		auth("remote", c.remote),
		vici.Sub("children", vici.Sub(c.name,
			vici.Text("mode", c.plan.Mode.String()),
			vici.List("local_ts", fmt.Sprintf("%s/%d[tcp]", c.source, c.source.BitLen())),
			vici.List("remote_ts", fmt.Sprintf("%s/%d[tcp/%d]", c.portal.Addr(), c.portal.Addr().BitLen(), c.portal.Port())),
			vici.List("esp_proposals", c.proposals(c.espProposals())...),
			vici.Text("reqid", strconv.FormatUint(uint64(c.reqid), 10)),
			vici.Text("policies", "no"),
			vici.Text("start_action", "none"),
			vici.Text("close_action", "none"),
			vici.Text("dpd_action", "clear"),
		)),
	)}
}

func (c *connection) proposals(usual, legacy []string) []string {
	if !c.legacy {
		return usual
	}
	return append(append([]string{}, usual...), legacy...)
}

// espProposals returns what is proposed for ESP: with groups, if there is to be
// perfect forward secrecy.
func (c *connection) espProposals() (usual, legacy []string) {
	if !c.plan.PFS {
		return proposalsESP, legacyESP
	}
	with := func(list []string, group string) (all []string) {
		for _, p := range list {
			all = append(all, p+group)
		}
		return all
	}
	return with(proposalsESP, groupPFS), with(legacyESP, legacyGroupPFS)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
