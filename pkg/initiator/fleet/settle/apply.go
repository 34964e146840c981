package settle

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A Result is what Apply did.
type Result struct {
	Changed int          // entries that were added, changed or removed, and policies that came or went
	Kept    int          // portals that the fleet wants, and of which the host has an entry of its own
	Entries Entries      // of the fleet in the registry
	Faults  []host.Fault // what was not applied, and why: those of w, and those found here
}

// Apply makes the registry have what config/ wants of this host: an entry for each portal,
// which is marked as the fleet's, and the policies. Nothing is sent to a portal: a watch of
// the registry asks it. Where nothing differs nothing is written.
//
// What config/ does not have any more is removed, if the fleet made it. A record that cannot
// be read, or cannot be applied, leaves what the fleet made of it before: w.Faults counts.
// The error is that of the registry; what was done before it stays.
//
// own are references to the program's own credentials, such as its password at etcd. A
// login template that has one is not applied: who may write config/ could have a portal's
// challenge answered with it, and guess it from the answer. An entry that the fleet made
// with one earlier is removed, whatever keeps its record from being applied.
func Apply(ctx context.Context, s *registry.Service, fleetName string, w *host.Wanted, hostName string, own ...string) (Result, error) {
	if err := fleet.CheckName(fleetName); err != nil {
		return Result{}, err
	}
	a := &applying{Service: s, fleet: fleetName, host: hostName, wanted: w, own: own}
	a.Entries = make(Entries)
	a.Faults = append(a.Faults, w.Faults...)
	err := a.run(ctx)
	return a.Result, err
}

// An applying is one Apply.
type applying struct {
	*registry.Service
	fleet, host string
	wanted      *host.Wanted
	own         []string // references that no template may have
	Result

	marks   map[string]mark   // of the fleet, by portal
	entries map[string]string // all entries: the digest of each by its key; "": it cannot be read
	withOwn map[string]bool   // likewise: it has one of own
	steps   []step
}

// A step is what is done about one portal.
type step struct {
	portal string // see portalName
	do     action
	mark   mark                       // as it is
	entry  initiator.SendTargetPortal // that is wanted
	wants  string                     // digest of it
	fault  host.Fault                 // that there is if it cannot be done
	policy *registry.Policy           // of the portal's flags
}

// An action is what is done.
type action uint8

const (
	leave  action = iota // all is as it is to be
	store                // the entry is added or changed
	drop                 // the entry is removed
	unmark               // the entry is the host's own from now on, or gone
)

// run plans, and does: what makes IPsec stronger comes before the portals that it is for,
// and what makes it weaker after them.
func (a *applying) run(ctx context.Context) error {
	if err := a.read(ctx); err != nil {
		return err
	}
	a.plan()
	policies, err := a.policies(ctx)
	if err != nil {
		return err
	}
	changed, err := a.SetFleetPolicies(ctx, a.fleet, append(policies.kept, policies.wanted...))
	a.Changed += changed
	for i := 0; err == nil && i < len(a.steps); i++ {
		err = a.take(ctx, &a.steps[i])
	}
	if err != nil {
		return err
	}
	changed, err = a.SetFleetPolicies(ctx, a.fleet, policies.wanted)
	a.Changed += changed
	return err
}

// take does a step.
func (a *applying) take(ctx context.Context, st *step) error {
	switch st.do {
	case leave:
		a.Entries.add(st.mark.key)
		return nil
	case store:
		return a.store(ctx, st)
	case drop:
		if err := a.drop(ctx, st.mark.key); err != nil {
			return err
		}
	}
	_, err := a.RemoveToolRecord(ctx, tool, a.fleet, st.portal)
	return err
}

// drop removes an entry of the fleet.
func (a *applying) drop(ctx context.Context, key initiator.Key) error {
	if err := a.RemoveSendTargetPortal(ctx, key); err != nil {
		return err
	}
	delete(a.entries, nameOf(key))
	a.Changed++
	return nil
}

// store adds or changes an entry of the fleet. The mark is written first, with the digests
// of both what is there and what is to be: after a crash in between the entry is the fleet's.
func (a *applying) store(ctx context.Context, st *step) error {
	is, err := a.CheckSendTargetPortal(ctx, st.entry)
	if err != nil {
		return a.refused(ctx, st, err)
	}
	marked := st.mark.portal != ""
	if marked && !st.mark.key.Same(is.Key()) {
		if _, ok := a.entries[nameOf(st.mark.key)]; ok {
			if err := a.drop(ctx, st.mark.key); err != nil {
				return err
			}
		}
		marked = false
	}
	digest, there := a.entries[nameOf(is.Key())]
	if there && !marked {
		a.Kept++
		_, err := a.RemoveToolRecord(ctx, tool, a.fleet, st.portal)
		return err
	}
	m := mark{portal: st.portal, key: is.Key(), wants: st.wants, entry: entryDigest(&is), was: digest}
	if err := a.PutToolRecord(ctx, m.record(a.fleet)); err != nil {
		return err
	}
	stored, err := a.StoreSendTargetPortal(ctx, st.entry, there)
	if err != nil {
		return a.refused(ctx, st, err)
	}
	if !stored { // another program added the entry meanwhile
		a.Kept++
		_, err := a.RemoveToolRecord(ctx, tool, a.fleet, st.portal)
		return err
	}
	a.Changed++
	a.Entries.add(m.key)
	return nil
}

// refused makes a fault of an entry that the registry does not take; what was there stays,
// as in hold. Other errors of the registry are returned.
func (a *applying) refused(ctx context.Context, st *step, err error) error {
	if e := (*initiator.Error)(nil); !errors.As(err, &e) || e.Stage != initiator.StageValidate {
		return err
	}
	st.fault.Err = refusedBy("this host cannot have it: ", err)
	a.Faults = append(a.Faults, st.fault)
	switch {
	case st.mark.portal == "":
	case a.withOwn[nameOf(st.mark.key)]:
		gone := a.withdraw(st.mark)
		return a.take(ctx, &gone)
	default:
		a.Entries.add(st.mark.key)
	}
	return nil
}
