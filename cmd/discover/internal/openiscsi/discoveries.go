package openiscsi

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// reading opens the registry for a call that changes nothing.
func (t *tool) reading(ctx context.Context, use func(*registry.Service) error) error {
	return t.opening(ctx, app.ReadOnly, use)
}

// opening opens the registry. One that cannot be opened is the tool's exit status for it.
func (t *tool) opening(ctx context.Context, a app.Access, use func(*registry.Service) error) error {
	opened := false
	err := t.WithService(ctx, a, t.NewDiscoverer(nil), func(s *registry.Service) error {
		opened = true
		return use(s)
	})
	if err != nil && !opened {
		return t.storeFailed(err)
	}
	return err
}

// newRecord makes a record, or gives the one that is there its defaults again.
func (t *tool) newRecord(ctx context.Context) error {
	record := t.newOne()
	err := t.opening(ctx, app.CreateIfMissing, func(s *registry.Service) error { return t.put(ctx, s, record, registry.AnyVersion) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.Stdout, "New discovery record for [%s,%d] added.\n", t.call.Portal.Address, t.call.Portal.Port)
	return err
}

// updateRecord sets values of a record.
func (t *tool) updateRecord(ctx context.Context) error {
	return t.opening(ctx, app.CreateIfMissing, func(s *registry.Service) error {
		err := t.update(ctx, s)
		var conflict *registry.ConflictError
		if errors.As(err, &conflict) { // another process has made the record meanwhile
			err = t.update(ctx, s)
		}
		return err
	})
}

// update sets the values of the call in the record of the registry, or in that of
// open-iscsi, which then is one of the registry.
func (t *tool) update(ctx context.Context, s *registry.Service) error {
	known, err := s.ChangeToolRecord(ctx, toolName, t.recordKind(), nameOf(t.call.Portal), func(stored *registry.ToolRecord) (err error) {
		var record *iscsiadm.Record
		if !isDeleted(stored) {
			record, err = t.recordOf(stored)
		}
		if err == nil {
			err = t.set(record)
		}
		if err != nil {
			return err
		}
		stored.Fields, stored.Secrets, stored.Refs = record.Stored()
		return nil
	})
	if err != nil || known {
		return err
	}
	record, err := t.openISCSIRecord()
	if err == nil {
		err = t.set(record)
	}
	if err != nil {
		return err
	}
	return t.put(ctx, s, record, 0)
}

// set sets the values of the call in a record; nil: there is none.
func (t *tool) set(record *iscsiadm.Record) error {
	if err := t.call.CheckRecord(record != nil); err != nil {
		return err
	}
	notes, err := record.Check(t.call.Params)
	t.tell(notes)
	if err != nil {
		return err
	}
	record.Set(t.call.Params)
	return nil
}

// deleteRecord forgets a record, and what was found by it.
func (t *tool) deleteRecord(ctx context.Context) error {
	return t.opening(ctx, app.CreateIfMissing, func(s *registry.Service) error {
		record, err := t.record(ctx, s)
		if err == nil && t.call.Type == iscsiadm.ISNS {
			return t.deleteServer(ctx, s, record != nil)
		}
		if err == nil {
			err = t.call.CheckRecord(record != nil)
		}
		if err != nil {
			return err
		}
		made, err := t.entriesMade(ctx, s)
		if err != nil {
			return err
		}
		if err := t.deleteNodes(ctx, s); err != nil {
			return err
		}
		for _, key := range made {
			if err := s.RemoveSendTargetPortal(ctx, key); err != nil {
				return err
			}
		}
		return t.forget(ctx, s, ifaceKind, madeKind)
	})
}

// refuseRecord says what is wrong with a call, which depends on whether there is a record.
func (t *tool) refuseRecord(ctx context.Context) error {
	return t.reading(ctx, func(s *registry.Service) error {
		record, err := t.record(ctx, s)
		if err != nil {
			return err
		}
		return t.call.CheckRecord(record != nil)
	})
}

// showRecord prints a record.
func (t *tool) showRecord(ctx context.Context) error {
	return t.reading(ctx, func(s *registry.Service) error {
		record, err := t.record(ctx, s)
		if err == nil {
			err = t.call.CheckRecord(record != nil)
		}
		if err != nil {
			return err
		}
		return record.Print(t.Stdout, t.call.Secrets)
	})
}

// list lists all records, with what was found by them where that is asked for.
func (t *tool) list(ctx context.Context) error {
	return t.reading(ctx, func(s *registry.Service) error {
		portals, err := t.portals(ctx, s)
		if err != nil {
			return err
		}
		servers, err := isnsServers(ctx, s)
		if err != nil {
			return err
		}
		var b []byte
		switch {
		case t.call.Print == 1:
			nodes, err := t.nodes(ctx, s)
			if err != nil {
				return err
			}
			b = iscsiadm.AppendRecords(nil, foundAt(iscsiadm.SendTargets, portals, nodes), foundAt(iscsiadm.ISNS, servers, nodes))
		case t.call.Print < 1:
			for _, p := range portals {
				b = iscsiadm.AppendRecord(b, p, iscsiadm.SendTargets)
			}
			for _, v := range servers {
				b = iscsiadm.AppendRecord(b, v, iscsiadm.ISNS)
			}
		}
		if err := write(t.Stdout, b); err != nil {
			return err
		}
		if len(portals)+len(servers) == 0 {
			return exitStatus(iscsiadm.ExitNothing)
		}
		return nil
	})
}

// foundAt gives each portal, or iSNS server, the nodes that were found there.
func foundAt(via iscsiadm.Type, portals []iscsiadm.Portal, nodes []node) []iscsiadm.Found {
	all := make([]iscsiadm.Found, len(portals))
	for i, p := range portals {
		all[i].Portal = p
		for _, n := range nodes {
			if n.via == via && samePlace(placeOf(n.from), placeOf(p)) {
				all[i].Nodes = append(all[i].Nodes, n.NodeRecord)
			}
		}
	}
	return all
}
