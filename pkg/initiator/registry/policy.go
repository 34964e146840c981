package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/internal/host"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A Policy is an administrator's rule: which IPsec the portals that its selector
// means are asked under, whatever their flags say.
type Policy struct {
	// Selector is a portal (192.0.2.10:3260), an address or a block
	// (192.0.2.0/24), or a portal group tag (tag=1), which means the portals
	// that are known to be in such a group of some target. A link-local address
	// with a zone means that address on that link, and without one on all links.
	Selector string
	Flags    ipsec.Flags // valid; FlagValid alone: no IPsec
}

// A policyRecord is a Policy as it is stored.
type policyRecord struct {
	Selector string `json:"selector"`
	Flags    uint64 `json:"flags"`
}

// A selector is what a Policy's Selector means. One of its fields is set.
type selector struct {
	portal netip.AddrPort // one portal
	addr   netip.Addr     // or the portals of one address on one link
	block  netip.Prefix   // or those of a block
	tag    int            // or of a group; NoGroup: not
}

// parseSelector reads a selector, and returns its canonical text.
func parseSelector(written string) (selector, string, error) {
	refuse := func(reason string) (selector, string, error) {
		return selector{}, "", &isdsc.Error{Code: isdsc.InvalidParameter, What: "selector " + text.Quote([]byte(written)), Reason: reason}
	}
	sel := selector{tag: target.NoGroup}
	if digits, ok := strings.CutPrefix(written, "tag="); ok {
		tag, err := text.ParseDecimal(digits)
		if err != nil {
			return refuse("a portal group tag is a number from 0 to 65535")
		}
		sel.tag = int(tag)
		return sel, "tag=" + strconv.Itoa(sel.tag), nil
	}
	if portal, err := netip.ParseAddrPort(written); err == nil && portal.Port() != 0 {
		sel.portal = netip.AddrPortFrom(zone.Canonical(portal.Addr()), portal.Port())
		return sel, sel.portal.String(), nil
	}
	if block, err := netip.ParsePrefix(written); err == nil {
		sel.block = zone.CanonicalPrefix(block)
		return sel, sel.block.String(), nil
	}
	addr, err := netip.ParseAddr(host.Unbracketed(written))
	if err != nil {
		return refuse("expected ADDRESS:PORT, an address, a block or tag=N")
	}
	if addr = zone.Canonical(addr); addr.Zone() != "" {
		sel.addr = addr
		return sel, addr.String(), nil
	}
	sel.block = netip.PrefixFrom(addr, addr.BitLen())
	return sel, sel.block.String(), nil
}

// CanonicalSelector returns the text in which a Policy with that selector is stored
// and shown, or a *isdsc.Error with isdsc.InvalidParameter where no portal can meet it.
// Selectors with one canonical text are one selector: 192.0.2.1/24 is 192.0.2.0/24.
func CanonicalSelector(text string) (string, error) {
	sel, canonical, err := parseSelector(text)
	if err == nil {
		err = checkSelector(sel, text)
	}
	return canonical, err
}

// checkSelector refuses a selector that no portal can meet, or that would mean more
// than it says.
func checkSelector(sel selector, written string) error {
	refuse := func(reason string) error {
		return &isdsc.Error{Code: isdsc.InvalidParameter, What: "selector " + text.Quote([]byte(written)), Reason: reason}
	}
	single := sel.portal.Addr()
	switch {
	case sel.addr.IsValid():
		single = sel.addr
	case sel.block.IsValid() && sel.block.IsSingleIP():
		single = sel.block.Addr()
	}
	switch {
	case single.IsValid() && !zone.IsHost(single):
		return refuse("not the address of a host")
	case strings.Contains(written, "%") && single.Zone() == "":
		return refuse("only link-local addresses have a zone")
	}
	if block, err := netip.ParsePrefix(written); err == nil && block.Addr().Is4In6() && !sel.block.Addr().Is4() {
		return refuse("a block of IPv4 within IPv6 has at least 96 bits; write it as IPv4")
	}
	return nil
}

// SetPolicy stores an administrator's rule, in the place of one with the same
// selector. A rule for a portal group asks for IPsec: any portal can list another
// one under any tag, and must not be able to switch the IPsec of that one off.
func (s *Service) SetPolicy(ctx context.Context, p Policy) error {
	sel, text, err := parseSelector(p.Selector)
	if err == nil {
		err = checkSelector(sel, p.Selector)
	}
	if err == nil && !p.Flags.Has(ipsec.FlagValid) {
		err = &isdsc.Error{Code: isdsc.InvalidParameter, What: "policy " + text, Reason: "its flags are not marked valid"}
	}
	if err == nil && sel.tag != target.NoGroup && !p.Flags.Has(ipsec.FlagIKE) {
		err = &isdsc.Error{Code: isdsc.InvalidParameter, What: "policy " + text, Reason: "a rule for a portal group cannot say off, because any portal could list another one under that tag and so turn its IPsec off; name the portal or its block"}
	}
	if err == nil {
		if e := p.Flags.Validate(); e != nil {
			err = &isdsc.Error{Code: isdsc.InvalidParameter, What: "policy " + text, Reason: initiator.Reason(e), Err: e}
		}
	}
	if err != nil {
		return refused(err)
	}
	return s.put(ctx, prefixPolicy+url.PathEscape(text), encode(policyRecord{Selector: text, Flags: uint64(p.Flags)}), true)
}

// PolicyOf returns the administrator's rule with a selector; false: there is none. Where
// its record cannot be read the error is a *RegistryError.
func (s *Service) PolicyOf(ctx context.Context, selector string) (Policy, bool, error) {
	_, text, err := parseSelector(selector)
	if err != nil {
		return Policy{}, false, refused(err)
	}
	for p, err := range s.Policies(ctx) {
		if err != nil && !oneRecord(err) {
			return Policy{}, false, err
		}
		if _, stored, _ := parseSelector(p.Selector); stored == text {
			return p, err == nil, err
		}
	}
	return Policy{}, false, nil
}

// RemovePolicy forgets an administrator's rule.
func (s *Service) RemovePolicy(ctx context.Context, text string) error {
	_, text, err := parseSelector(text)
	if err != nil {
		return refused(err)
	}
	key := prefixPolicy + url.PathEscape(text)
	for r, err := range s.records(ctx, prefixPolicy) {
		if err != nil {
			return storeError(err)
		}
		p, _ := decodePolicy(r)
		if _, stored, _ := parseSelector(p.Selector); stored == text {
			key = r.Key // perhaps of an earlier version, which wrote it otherwise
		}
	}
	return s.drop(ctx, key, &isdsc.Error{Code: isdsc.InvalidParameter, What: "policy " + text, Reason: "there is none"})
}

// Policies yields the administrator's rules. A record that cannot be read is yielded as
// an error that is a *RegistryError, with the selector in its key; others follow. Any
// other error is the last.
func (s *Service) Policies(ctx context.Context) iter.Seq2[Policy, error] {
	return func(yield func(Policy, error) bool) {
		for r, err := range s.records(ctx, prefixPolicy) {
			var p Policy
			if err == nil {
				p, err = decodePolicy(r)
			}
			if !yield(p, storeError(err)) || err != nil && !oneRecord(err) {
				return
			}
		}
	}
}

// decodePolicy reads a rule. Where that fails the rule has the selector of the record's
// key, and no flags.
func decodePolicy(r Record) (Policy, error) {
	var p policyRecord
	err := decode(r, &p)
	if err == nil {
		if _, _, bad := parseSelector(p.Selector); bad != nil {
			err = &RegistryError{Key: r.Key, Err: errors.New("its selector is not valid")}
		}
	}
	if err != nil {
		return Policy{Selector: rowkey.Part(r.Key, 1)}, err
	}
	return Policy{Selector: p.Selector, Flags: ipsec.Flags(p.Flags)}, nil
}

// policy is the initiator.PolicyFunc of a Service that answers from rules: the rule is the one of the portal itself,
// else of its address on its link, else of the smallest block. A portal for which that
// one cannot be read, or a rule for a group that it is in, fails: what it says is not
// known. So do all, where it is not known either which portals a rule is for.
func (s *Service) policy(ctx context.Context, dst netip.AddrPort) (rule ipsec.Existing, groups []ipsec.Existing, err error) {
	best := -1
	var unread error // of the rule
	for p, damaged := range s.Policies(ctx) {
		if damaged != nil && !oneRecord(damaged) {
			return rule, nil, damaged
		}
		sel, _, err := parseSelector(p.Selector)
		if err != nil {
			return rule, nil, cmp.Or(damaged, err)
		}
		fit := s.fits(sel, dst)
		is := ipsec.Existing{Kind: ipsec.ExistingRule, Name: fmt.Sprintf("policy %s", p.Selector), Flags: p.Flags}
		switch {
		case fit < 0:
		case sel.tag != target.NoGroup && damaged != nil:
			return rule, nil, damaged
		case sel.tag != target.NoGroup:
			groups = append(groups, is)
		case fit > best:
			best, rule, unread = fit, is, damaged
		}
	}
	if unread == nil {
		var servers []ipsec.Existing
		servers, unread = s.isnsRules(ctx, dst)
		groups = append(groups, servers...)
	}
	if unread == nil {
		var fleets []ipsec.Existing
		fleets, unread = s.fleetRules(ctx, dst)
		groups = append(groups, fleets...)
	}
	return rule, groups, unread
}

// fits says how closely a selector means a portal: -1 not at all, more is closer.
func (s *Service) fits(sel selector, dst netip.AddrPort) int {
	const portal, onLink, block, group = 1000, 500, 1, 0
	switch {
	case sel.portal.IsValid() && sel.portal.Port() == dst.Port() && zone.Meets(sel.portal.Addr(), dst.Addr()):
		if sel.portal.Addr().Zone() != "" {
			return portal + 1
		}
		return portal
	case sel.addr.IsValid() && zone.Meets(sel.addr, dst.Addr()):
		return onLink
	case sel.block.IsValid() && sel.block.Contains(zone.Canonical(dst.Addr()).WithZone("")):
		return block + sel.block.Bits()
	case sel.tag != target.NoGroup:
		if s.rules.inGroup(dst, sel.tag) {
			return group
		}
	}
	return -1
}
