package settle

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// policies are those that the registry is to have, and those that it has now.
type policies struct{ wanted, kept []registry.Policy }

// policies returns them. Of a record that cannot be read the policy of before is wanted.
func (a *applying) policies(ctx context.Context) (all policies, err error) {
	for p, err := range a.FleetPolicies(ctx, a.fleet) {
		if err != nil && p.Selector == "" {
			return all, err
		}
		if err == nil {
			all.kept = append(all.kept, p)
		}
	}
	for i := range a.steps {
		if st := &a.steps[i]; st.policy != nil && (st.do == leave || st.do == store) {
			all.wanted = append(all.wanted, *st.policy)
		}
	}
	for i := range a.wanted.Policies {
		p := &a.wanted.Policies[i]
		if !fleet.Meets(p.Hosts, a.host) {
			continue
		}
		flags := ipsec.Flags(p.Flags)
		selector, err := registry.CanonicalSelector(p.Selector)
		if err == nil && (!flags.Has(ipsec.FlagValid|ipsec.FlagIKE) || flags.Validate() != nil) {
			err = refuse("its flags " + flags.Hex() + " do not ask for IPsec, and a fleet may only make it stronger")
		}
		if err != nil {
			a.Faults = append(a.Faults, a.policyFault(p.Selector, err))
			continue
		}
		all.wanted = append(all.wanted, registry.Policy{Selector: selector, Flags: flags})
	}
	unread := a.unread()
	for _, p := range all.kept {
		if a.wanted.Partial || unread[p.Selector] {
			all.wanted = append(all.wanted, p)
		}
	}
	return all, nil
}

func (a *applying) policyFault(selector string, err error) host.Fault {
	f := host.Fault{Of: fleet.Key{Kind: fleet.KindPolicy, Name: selector}, Err: refusedBy("", err)}
	if keys, err := fleet.NewKeys(a.fleet); err == nil {
		f.Key = keys.Policy(selector)
	}
	return f
}

// unread returns the selectors of policies whose records are faults, in their canonical form.
func (a *applying) unread() map[string]bool {
	unread := make(map[string]bool)
	for _, f := range a.Faults {
		selector := f.Of.Name
		switch f.Of.Kind {
		case fleet.KindPortal:
			selector = selectorOf(f.Of.Entry.Portal)
		case fleet.KindPolicy:
		default:
			continue
		}
		if canonical, err := registry.CanonicalSelector(selector); err == nil {
			unread[canonical] = true
		}
	}
	return unread
}
