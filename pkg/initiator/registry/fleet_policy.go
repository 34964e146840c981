package registry

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// fleetPolicyPrefix begins the keys of the policies of a fleet.
func fleetPolicyPrefix(fleet string) string { return rowkey.FleetPolicy + url.PathEscape(fleet) + "/" }

// SetFleetPolicies stores what a fleet says of portals, in the place of all that it said
// before, and returns how many policies came, went or changed. Such a policy makes a plan
// stronger and never weaker, whatever it is that the host itself says, see
// initiator.PolicyFunc: so each asks for IPsec. Of two for one selector both hold. The error
// of one that no portal can meet, or that does not ask for IPsec, is a *isdsc.Error, and
// nothing was changed then. How many there are the caller bounds.
func (s *Service) SetFleetPolicies(ctx context.Context, fleet string, policies []Policy) (changed int, err error) {
	if fleet == "" {
		return 0, refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "fleet", Reason: "its name is empty"})
	}
	is := make(map[string][]byte, len(policies))
	for _, p := range policies {
		selector, err := checkFleetPolicy(p)
		if err != nil {
			return 0, refused(err)
		}
		key := fmt.Sprintf("%s%s/%s", fleetPolicyPrefix(fleet), url.PathEscape(selector), p.Flags.Hex())
		is[key] = encode(policyRecord{Selector: selector, Flags: uint64(p.Flags)})
	}
	var changes, removals []Change
	for r, err := range s.cfg.Store.List(ctx, fleetPolicyPrefix(fleet)) {
		if err != nil {
			return 0, storeError(err)
		}
		value, ok := is[r.Key]
		if ok && string(value) == string(r.Value) {
			delete(is, r.Key)
		} else if !ok {
			removals = append(removals, Change{Key: r.Key, Version: AnyVersion, Delete: true})
		}
	}
	for key, value := range is {
		changes = append(changes, Change{Key: key, Version: AnyVersion, Value: value})
	}
	changes = slices.Concat(changes, removals) // between two batches there is rather more than less
	if len(changes) == 0 {
		return 0, nil
	}
	return len(changes), storeError(s.applyInTurn(ctx, changes))
}

// checkFleetPolicy returns the canonical selector of a policy that a fleet may have.
func checkFleetPolicy(p Policy) (string, error) {
	selector, err := CanonicalSelector(p.Selector)
	if err != nil {
		return "", err
	}
	if !p.Flags.Has(ipsec.FlagValid | ipsec.FlagIKE) {
		return "", &isdsc.Error{Code: isdsc.InvalidParameter, What: "policy " + selector, Reason: "a fleet's policy can only make IPsec stronger, and its flags do not ask for IPsec"}
	}
	if err := p.Flags.Validate(); err != nil {
		return "", &isdsc.Error{Code: isdsc.InvalidParameter, What: "policy " + selector, Reason: initiator.Reason(err), Err: err}
	}
	return selector, nil
}

// FleetPolicies yields the policies of a fleet, as Policies yields those of the host.
func (s *Service) FleetPolicies(ctx context.Context, fleet string) iter.Seq2[Policy, error] {
	return func(yield func(Policy, error) bool) {
		for r, err := range s.cfg.Store.List(ctx, fleetPolicyPrefix(fleet)) {
			var p Policy
			if err == nil {
				p, err = decodeFleetPolicy(r)
			}
			if !yield(p, storeError(err)) || err != nil && !oneRecord(err) {
				return
			}
		}
	}
}

// decodeFleetPolicy reads a policy. Where that fails it has the selector of the record's
// key, and no flags.
func decodeFleetPolicy(r Record) (Policy, error) {
	p, err := decodePolicy(r)
	if err == nil && !p.Flags.Has(ipsec.FlagValid|ipsec.FlagIKE) {
		err = &RegistryError{Key: r.Key, Err: errors.New("its flags do not ask for IPsec")}
	}
	if err != nil {
		return Policy{Selector: rowkey.Part(r.Key, 2)}, err
	}
	return p, nil
}

// fleetRules returns what fleets say of a portal: rules that may make a plan stronger, as
// those for a portal group. One that cannot be read fails the portals that it is for.
func (s *Service) fleetRules(ctx context.Context, dst netip.AddrPort) (rules []ipsec.Existing, err error) {
	for r, err := range s.cfg.Store.List(ctx, rowkey.FleetPolicy) {
		if err != nil {
			return nil, err
		}
		p, damaged := decodeFleetPolicy(r)
		sel, _, err := parseSelector(p.Selector)
		switch {
		case err != nil: // which portals it is for is not known
			return nil, damaged
		case s.fits(sel, dst) < 0:
			continue
		case damaged != nil:
			return nil, damaged
		}
		name := fmt.Sprintf("policy %s of fleet %s", p.Selector, text.Shown(rowkey.Part(r.Key, 1)))
		rules = append(rules, ipsec.Existing{Kind: ipsec.ExistingRule, Name: name, Flags: p.Flags})
	}
	return rules, nil
}
