package openiscsi

import (
	"context"
	"errors"
	"slices"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// ifaceKind is the kind of the records that say by which iface an entry of the registry
// was asked: by each name the entry's key. Two ifaces may be the same port of this host, and
// so one entry.
const ifaceKind = "ifaces"

// noteIface keeps in mind that an entry was asked by an iface.
func (t *tool) noteIface(ctx context.Context, s *registry.Service, iface string, key initiator.Key) error {
	name := nameOf(t.call.Portal)
	for {
		known, err := s.ChangeToolRecord(ctx, toolName, ifaceKind, name, func(r *registry.ToolRecord) error {
			r.Fields[iface] = key.String()
			return nil
		})
		if err != nil || known {
			return err
		}
		err = s.PutToolRecord(ctx, registry.ToolRecord{Tool: toolName, Kind: ifaceKind, Name: name, Fields: map[string]string{iface: key.String()}})
		var conflict *registry.ConflictError
		if !errors.As(err, &conflict) { // else another process has made it meanwhile
			return err
		}
	}
}

// An ifaceIndex has the ifaces by which entries were asked, in order, by the entry's key.
type ifaceIndex map[string][]string

// ifacesOfEntries returns the ifaces of all entries.
func ifacesOfEntries(ctx context.Context, s *registry.Service) (ifaceIndex, error) {
	index := make(ifaceIndex)
	for r, err := range s.ToolRecords(ctx, toolName, ifaceKind) {
		if err != nil {
			return nil, err
		}
		for iface, key := range r.Fields {
			index[key] = append(index[key], iface)
		}
	}
	for _, ifaces := range index {
		slices.Sort(ifaces)
	}
	return index, nil
}

// of returns the ifaces of an entry: default where it was not asked by iscsiadm.
func (x ifaceIndex) of(key initiator.Key) []string {
	if ifaces := x[key.String()]; len(ifaces) > 0 {
		return ifaces
	}
	return []string{iscsiadm.DefaultIface}
}

// entriesMade returns the keys of the entries of the portal of the call that iscsiadm has
// made: those that were made otherwise have options of their own, and stay.
func (t *tool) entriesMade(ctx context.Context, s *registry.Service) (made []initiator.Key, err error) {
	index, err := ifacesOfEntries(ctx, s)
	if err != nil {
		return nil, err
	}
	entries, err := t.entries(ctx, s, t.isAsked)
	for _, e := range entries {
		if len(index[e.Key().String()]) > 0 {
			made = append(made, e.Key())
		}
	}
	return made, err
}
