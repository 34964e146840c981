package strongswan

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// installed is the state of a child that may be used.
const installed = "INSTALLED"

// rekeying is the state of a child that is being renewed, and may be used meanwhile.
const rekeying = "REKEYING"

// maxChildren is how many associations for ESP a connection of ours may have: one,
// and those that came before it.
const maxChildren = 16

// look returns what charon says of the associations of a connection: the one
// for IKE, and those for ESP that are or were in use. All must be as planned.
func (c *connection) look(ctx context.Context, d *daemon) (ike vici.Section, children []vici.Section, err error) {
	err = d.associations(ctx, c.name, func(name string, s vici.Section) error {
		if name != c.name {
			return nil
		}
		for _, child := range s.Sub("child-sas").Subs() {
			if child.Text("name") != c.name || child.Text("spi-in") == "" {
				continue
			}
			if len(children) == maxChildren {
				return &enforce.NotProvenError{Reason: "charon has too many security associations of the connection"}
			}
			if c.renewed(child) {
				continue
			}
			if err := c.check(s, child); err != nil {
				return err
			}
			ike, children = s, append(children, child)
		}
		return nil
	})
	if err == nil && len(children) == 0 {
		err = &enforce.NotProvenError{Reason: "charon has no security association of the connection"}
	}
	return ike, children, err
}

// check compares an association with what was planned. The peer has a say in
// it, and charon is not us.
func (c *connection) check(ike, child vici.Section) error {
	differs := func(what, got, want string) error {
		return &enforce.NotProvenError{Reason: fmt.Sprintf("the security association has %s %q, and not %q as planned", what, got, want)}
	}
	mode := strings.ToLower(child.Text("mode"))
	switch {
	case ike.Text("version") != c.version():
		return differs("IKE version", ike.Text("version"), c.version())
	case mode != c.plan.Mode.String():
		return differs("mode", mode, c.plan.Mode.String())
	case child.Text("protocol") != "ESP":
		return differs("protocol", child.Text("protocol"), "ESP")
	case child.Text("reqid") != strconv.FormatUint(uint64(c.reqid), 10):
		return differs("reqid", child.Text("reqid"), strconv.FormatUint(uint64(c.reqid), 10))
	case child.Text("encr-alg") == "" || strings.HasPrefix(child.Text("encr-alg"), "NULL"): // also NULL_AES_GMAC
		return differs("encryption", child.Text("encr-alg"), "any")
	case c.plan.PFS && child.Text("dh-group") == "":
		return &enforce.NotProvenError{Reason: "the security association has no perfect forward secrecy, which was planned"}
	}
	return nil
}

// proof adds up what charon says of the associations of a connection.
func (c *connection) proof(ike vici.Section, children []vici.Section) (enforce.Proof, error) {
	p := enforce.Proof{
		Enforcer:   Name,
		Mode:       c.plan.Mode.String(),
		Exchange:   c.exchange,
		Algorithms: []string{"ike " + algorithms(ike, "encr", "integ", "prf", "dh")},
	}
	for _, child := range children {
		names := "esp " + algorithms(child, "encr", "integ", "dh")
		if child.Text("encap") == "yes" {
			names += " in udp"
		}
		p.Algorithms = append(p.Algorithms, names)
		for _, key := range []string{"spi-out", "spi-in"} {
			spi, err := strconv.ParseUint(child.Text(key), 16, 32)
			if err != nil {
				return p, &enforce.NotProvenError{Reason: fmt.Sprintf("charon tells %s %q", key, child.Text(key))}
			}
			p.SPIs = append(p.SPIs, uint32(spi))
		}
		// What is no number counts as none.
		out, _ := strconv.ParseUint(child.Text("bytes-out"), 10, 64)
		in, _ := strconv.ParseUint(child.Text("bytes-in"), 10, 64)
		p.BytesOut += out
		p.BytesIn += in
	}
	if p.BytesOut == 0 || p.BytesIn == 0 {
		return p, &enforce.NotProvenError{Reason: fmt.Sprintf("%d bytes were sent and %d received under the security association: the connection did not run under it", p.BytesOut, p.BytesIn)}
	}
	return p, nil
}

// algorithms returns those of an association by charon's names, such as
// "AES_CBC-256 HMAC_SHA2_256_128 MODP_2048".
func algorithms(s vici.Section, kinds ...string) string {
	var names []string
	for _, kind := range kinds {
		name := s.Text(kind + "-alg")
		if kind == "dh" {
			name = s.Text("dh-group")
		}
		if size := s.Text(kind + "-keysize"); size != "" {
			name += "-" + size
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}
