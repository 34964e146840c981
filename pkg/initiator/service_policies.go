package initiator

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A Policy is an administrator's rule: which IPsec the portals that its selector
// means are asked under, whatever their flags say.
type Policy struct {
	// Selector is a portal (192.0.2.10:3260), an address or a block
	// (192.0.2.0/24), or a portal group tag (tag=1), which means the portals
	// that are known to be in such a group of some target.
	Selector string
	Flags    ipsec.Flags // valid; FlagValid alone: no IPsec
}

// A policyRecord is a Policy as it is stored.
type policyRecord struct {
	Selector string `json:"selector"`
	Flags    uint64 `json:"flags"`
}

// A selector is what a Policy's Selector means.
type selector struct {
	portal netip.AddrPort // one portal
	block  netip.Prefix   // or the portals of a block
	tag    int            // or of a group; -1: not
}

// parseSelector reads a selector, and returns its canonical text.
func parseSelector(text string) (selector, string, error) {
	sel := selector{tag: NoGroup}
	if digits, ok := strings.CutPrefix(text, "tag="); ok {
		tag, err := parseDecimal(digits)
		if err == nil {
			sel.tag = int(tag)
			return sel, "tag=" + strconv.Itoa(sel.tag), nil
		}
	} else if portal, err := netip.ParseAddrPort(text); err == nil && portal.Port() != 0 {
		sel.portal = netip.AddrPortFrom(portal.Addr().Unmap(), portal.Port())
		return sel, sel.portal.String(), nil
	} else if block, err := netip.ParsePrefix(text); err == nil {
		sel.block = block.Masked()
		return sel, sel.block.String(), nil
	} else if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		sel.block = netip.PrefixFrom(addr, addr.BitLen())
		return sel, sel.block.String(), nil
	}
	return sel, "", &ConfigError{Code: CodeInvalidParameter, What: "selector " + quote([]byte(text)), Reason: "neither ADDRESS:PORT nor an address, a block or tag=N"}
}

// SetPolicy stores an administrator's rule, in the place of one with the same
// selector.
func (s *Service) SetPolicy(ctx context.Context, p Policy) error {
	_, text, err := parseSelector(p.Selector)
	if err == nil && !p.Flags.Has(ipsec.FlagValid) {
		err = &ConfigError{Code: CodeInvalidParameter, What: "policy " + text, Reason: "its flags are not marked valid"}
	}
	if err == nil {
		if e := p.Flags.Validate(); e != nil {
			err = &ConfigError{Code: CodeInvalidParameter, What: "policy " + text, Reason: errorText(e), Err: e}
		}
	}
	if err != nil {
		return refused(err)
	}
	return s.put(ctx, prefixPolicy+url.PathEscape(text), encode(policyRecord{Selector: text, Flags: uint64(p.Flags)}), true)
}

// RemovePolicy forgets an administrator's rule.
func (s *Service) RemovePolicy(ctx context.Context, text string) error {
	_, text, err := parseSelector(text)
	if err != nil {
		return refused(err)
	}
	return s.drop(ctx, prefixPolicy+url.PathEscape(text), &ConfigError{Code: CodeInvalidParameter, What: "policy " + text, Reason: "there is none"})
}

// Policies yields the administrator's rules.
func (s *Service) Policies(ctx context.Context) iter.Seq2[Policy, error] {
	return func(yield func(Policy, error) bool) {
		for r, err := range s.records(ctx, prefixPolicy) {
			var p policyRecord
			if err == nil {
				err = decode(r, &p)
			}
			if !yield(Policy{Selector: p.Selector, Flags: ipsec.Flags(p.Flags)}, storeError(err)) || err != nil {
				return
			}
		}
	}
}

// policy returns the administrator's rule for a portal: the one of the portal
// itself, else of the smallest block, else of a group that it is in.
func (s *Service) policy(ctx context.Context, dst netip.AddrPort) (ipsec.Existing, error) {
	dst = netip.AddrPortFrom(dst.Addr().Unmap().WithZone(""), dst.Port())
	var found Policy
	best := -1
	for p, err := range s.Policies(ctx) {
		if err != nil {
			return ipsec.Existing{}, err
		}
		sel, _, err := parseSelector(p.Selector)
		if err != nil {
			return ipsec.Existing{}, err
		}
		fit, err := s.fits(ctx, sel, dst)
		if err != nil {
			return ipsec.Existing{}, err
		}
		if fit > best {
			best, found = fit, p
		}
	}
	if best < 0 {
		return ipsec.Existing{}, nil
	}
	return ipsec.Existing{Kind: ipsec.ExistingRule, Name: fmt.Sprintf("policy %s", found.Selector), Flags: found.Flags}, nil
}

// fits says how closely a selector means a portal: -1 not at all, more is closer.
func (s *Service) fits(ctx context.Context, sel selector, dst netip.AddrPort) (int, error) {
	const portal, block, group = 1000, 1, 0
	switch {
	case sel.portal.IsValid() && sel.portal == dst:
		return portal, nil
	case sel.block.IsValid() && sel.block.Contains(dst.Addr()):
		return block + sel.block.Bits(), nil
	case sel.tag != NoGroup:
		in, err := s.inGroup(ctx, dst, sel.tag)
		if in {
			return group, err
		}
		return -1, err
	}
	return -1, nil
}

// inGroup reports whether some known target has a portal in a group of that tag.
func (s *Service) inGroup(ctx context.Context, dst netip.AddrPort, tag int) (bool, error) {
	for t, err := range s.known(ctx) {
		if err != nil {
			return false, err
		}
		for _, m := range t.Mechanisms {
			for _, a := range m.Addresses {
				addr, ok := a.Addr()
				if ok && a.Group == tag && a.Port == dst.Port() && addr.WithZone("") == dst.Addr() {
					return true, nil
				}
			}
		}
	}
	return false, nil
}
