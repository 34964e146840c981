package strongswan

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
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
	ikev2  bool
	source netip.Addr
	portal netip.AddrPort
	peer   netip.Addr // the other end of IKE and of IPsec: the portal, or its gateway
	local  string     // our identity
	remote string     // the peer's

	exchange string // that a proof has to have

	ike, esp []string // proposals
}

// newConnection gives the connection of a request that was checked all but its name
// and numbers. The error is an *ipsec.RequestError.
func newConnection(s enforce.Request, legacy bool) (connection, error) {
	c := connection{plan: s.Plan, ikev2: s.IKE == ipsec.IKEv2, exchange: s.Exchange(), source: s.Source.Unmap(), portal: netip.AddrPortFrom(s.Portal.Addr().Unmap(), s.Portal.Port()), peer: s.Peer(), local: s.LocalID(), remote: s.RemoteID()}
	return c, c.propose(s.Proposals, s.IKE, legacy)
}

// propose sets the algorithms that are offered.
func (c *connection) propose(text string, v ipsec.IKEVersion, legacy bool) error {
	if text == "" && legacy {
		text = ipsec.ProposalsLegacy
	}
	p, err := ipsec.ParseProposals(text, v)
	if err == nil {
		c.ike, err = p.ForIKE(c.plan.Exchange == ipsec.AggressiveMode)
	}
	if err == nil {
		c.esp, err = p.ForESP(c.plan.PFS)
	}
	if err != nil {
		return &ipsec.RequestError{Reason: err.Error(), Err: err}
	}
	return nil
}

// typed returns an identity as charon is to take it. Of text without a type charon
// makes what it will: a pattern, a distinguished name, an opaque key. An address can
// be taken for nothing else.
func typed(id string) string {
	if addr, err := netip.ParseAddr(id); err == nil {
		return addr.String()
	}
	if strings.Contains(id, "@") {
		return "email:" + id
	}
	return "fqdn:" + id
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
		vici.List("owners", typed(c.local), typed(c.remote)),
	}
}

// config is the message that tells the daemon of the connection. Nothing in it
// acts by itself: no trap, no restart, no dead peer detection, no policies.
func (c *connection) config() vici.Section {
	auth := func(end, id string) vici.Element {
		return vici.Sub(end, vici.Text("auth", "psk"), vici.Text("id", typed(id)))
	}
	return vici.Section{vici.Sub(c.name,
		vici.Text("version", c.version()),
		vici.Text("aggressive", yesNo(c.aggressive())),
		vici.List("local_addrs", c.source.String()),
		vici.List("remote_addrs", c.peer.String()),
		vici.List("proposals", c.ike...),
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
			vici.List("esp_proposals", c.esp...),
			vici.Text("reqid", strconv.FormatUint(uint64(c.reqid), 10)),
			vici.Text("policies", "no"),
			vici.Text("start_action", "none"),
			vici.Text("close_action", "none"),
			vici.Text("dpd_action", "clear"),
		)),
	)}
}

// version returns the version of IKE, as charon has it.
func (c *connection) version() string {
	if c.ikev2 {
		return ipsec.IKEv2.String()
	}
	return ipsec.IKEv1.String()
}

// aggressive reports aggressive mode, which version 2 does not have.
func (c *connection) aggressive() bool {
	return !c.ikev2 && c.plan.Exchange == ipsec.AggressiveMode
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
