package xfrm

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// A policy is one of the host's: which packets, and what becomes of them.
type policy struct {
	selector  selector
	priority  uint32 // the lowest goes first
	index     uint32
	dir       byte
	action    byte
	special   bool // it asks for more than addresses and ports, such as a mark or an interface of IPsec
	templates []template
}

// Attributes of a policy.
const (
	attrTemplates  = 5  // XFRMA_TMPL
	attrPolicyType = 16 // XFRMA_POLICY_TYPE
	attrMark       = 21 // XFRMA_MARK: value, mask
	attrIfID       = 31 // XFRMA_IF_ID
)

// parsePolicy reads what the kernel lists: struct xfrm_userpolicy_info and
// attributes.
func parsePolicy(b []byte) (policy, error) {
	if len(b) < policyLen {
		return policy{}, fmt.Errorf("a policy of %d bytes", len(b))
	}
	p := policy{
		selector: selector(b[:len(selector{})]),
		priority: binary.NativeEndian.Uint32(b[policyPriority:]),
		index:    binary.NativeEndian.Uint32(b[policyIndex:]),
		dir:      b[policyDir],
		action:   b[policyAction],
	}
	for typ, v := range attributes(b[policyLen:]) {
		switch {
		case typ == attrTemplates:
			for len(v) >= len(template{}) {
				p.templates = append(p.templates, template(v[:len(template{})]))
				v = v[len(template{}):]
			}
		case typ == attrPolicyType && len(v) > 0 && v[0] != 0,
			typ == attrMark && len(v) >= 8 && binary.NativeEndian.Uint32(v) != 0,
			typ == attrIfID && len(v) >= 4 && binary.NativeEndian.Uint32(v) != 0:
			p.special = true
		}
	}
	return p, nil
}

// ofSocket reports a policy of a single socket, of which the kernel lists a
// few, such as those of a running IKE daemon: they tell by their index.
func (p *policy) ofSocket() bool { return p.index&7 > 2 }

// covers reports how much of a flow the policy is for. That it goes by a mark or
// an interface cannot be foreseen.
func (p *policy) covers(f flow) coverage {
	c := p.selector.covers(f)
	if p.special {
		c = min(c, coversSome)
	}
	return c
}

// An effect is what becomes of packets.
type effect uint8

const (
	effectPass   effect = iota // they pass as they are
	effectLoose                // they may have protection that does not encrypt, or is optional
	effectSealed               // they pass under ESP only
	effectBlock                // they do not pass
)

// effect returns what becomes of the packets that the policy is for. Whether ESP
// encrypts and authenticates is a matter of the associations.
func (p *policy) effect() effect {
	if p.action == actionBlock {
		return effectBlock
	}
	result := effectPass
	for i := range p.templates {
		t := &p.templates[i]
		if t.protocol() == protoESP && !t.optional() {
			return effectSealed
		}
		result = effectLoose
	}
	return result
}

// String returns the policy as it is shown to people.
func (p *policy) String() string {
	dir := "out"
	if p.dir == dirIn {
		dir = "in"
	}
	what := "pass"
	switch {
	case p.action == actionBlock:
		what = "block"
	case len(p.templates) > 0:
		names := make([]string, len(p.templates))
		for i := range p.templates {
			names[i] = p.templates[i].String()
		}
		what = strings.Join(names, ", ")
	}
	return fmt.Sprintf("kernel policy %s, %s: %s", dir, &p.selector, what)
}
