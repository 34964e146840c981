package userspace

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// failure returns why there are no security associations; nil: there are, or it is not
// known yet.
func (c *child) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// loss returns why there are no more; nil: they are there.
func (c *child) loss() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// isWide reports whether the peer agreed only on selectors that are wider than the
// connection.
func (c *child) isWide() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wide
}

// proof tells what went by the security associations, or how they differ from what was
// planned.
func (c *child) proof(s *enforce.Request) (enforce.Proof, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost != nil {
		return enforce.Proof{}, c.lost // as the other enforcers: what is gone proves nothing
	}
	p := enforce.Proof{
		Enforcer: Name, Mode: ipsec.TransportMode.String(), Exchange: c.established.Exchange,
		Algorithms: []string{"ike " + c.established.Suite.String()},
		BytesOut:   c.forgotten.bytesOut, BytesIn: c.forgotten.bytesIn,
	}
	if c.tunnel {
		p.Mode = ipsec.TunnelMode.String()
	}
	for _, pair := range c.pairs {
		if !pair.used() {
			continue
		}
		if s.Plan.PFS && pair.suite.Group == 0 {
			return p, &enforce.NotProvenError{Reason: noPFS}
		}
		p.Algorithms = append(p.Algorithms, "esp "+pair.suite.String()+" in udp")
		p.SPIs = append(p.SPIs, pair.spiOut, pair.spiIn)
		p.BytesOut += pair.bytesOut
		p.BytesIn += pair.bytesIn
	}
	if c.wide {
		p.Warnings = append(p.Warnings, ipsec.Warning{Code: enforce.WarnWideSelectors, Message: fmt.Sprintf("%s agrees only on traffic selectors that are wider than one connection, so connections to it from this address take turns, and another process there may get in their way", s.Peer())})
	}
	return p, c.agrees(s, &p)
}

// agrees compares a proof with what was planned.
func (c *child) agrees(s *enforce.Request, p *enforce.Proof) error {
	differs := func(what, got, want string) error {
		return &enforce.NotProvenError{Reason: fmt.Sprintf("the security association has %s %q, and not %q as planned", what, got, want)}
	}
	switch {
	case p.Mode != s.Plan.Mode.String():
		return differs("mode", p.Mode, s.Plan.Mode.String())
	case p.Exchange != s.Exchange():
		return differs("exchange", p.Exchange, s.Exchange())
	case p.BytesOut == 0 || p.BytesIn == 0:
		return &enforce.NotProvenError{Reason: fmt.Sprintf("%d bytes were sent and %d received under the security association: the connection did not run under it", p.BytesOut, p.BytesIn)}
	}
	return nil
}
