package openiscsi

import (
	"context"
	"fmt"

	"github.com/go-iscsi/discovery/cmd/discover/internal/app"
	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// discoveries runs a command line of -m discovery or -m discoverydb.
func (t *tool) discoveries(ctx context.Context) error {
	c := t.call
	switch {
	case c.Type == iscsiadm.ISNS || c.Type == iscsiadm.FirmwareType:
		return t.status(iscsiadm.ExitElsewhere, "-t %s is not here: discover asks portals with SendTargets; set %s=/usr/sbin/iscsiadm and run that program for it", c.Type, realVariable)
	case c.Portal.Address == "":
		return t.list(ctx)
	case c.Asks():
		return t.ask(ctx)
	case c.Ops&iscsiadm.New != 0:
		return t.newRecord(ctx)
	case c.Ops&iscsiadm.Update != 0:
		return t.updateRecord(ctx)
	case c.Ops&iscsiadm.Delete != 0:
		return t.deleteRecord(ctx)
	}
	return t.showRecord(ctx)
}

// notFound ends with what iscsiadm says of a record that there is not.
func (t *tool) notFound() error {
	p := t.call.Portal
	if t.call.Mode == iscsiadm.Discovery {
		return t.status(iscsiadm.ExitUsage, "Discovery record [%s,%d] not found!", p.Address, p.Port)
	}
	return t.status(iscsiadm.ExitStore, "Discovery record [%s,%d] not found.", p.Address, p.Port)
}

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
	record := iscsiadm.NewRecord(t.call.Portal, t.defaults())
	err := t.opening(ctx, app.CreateIfMissing, func(s *registry.Service) error { return t.put(ctx, s, record) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.Stdout, "New discovery record for [%s,%d] added.\n", t.call.Portal.Address, t.call.Portal.Port)
	return err
}

// updateRecord sets values of a record.
func (t *tool) updateRecord(ctx context.Context) error {
	return t.opening(ctx, app.Existing, func(s *registry.Service) error {
		record, known, err := t.record(ctx, s)
		if err != nil {
			return err
		}
		if !known {
			return t.notFound()
		}
		notes, err := record.Check(t.call.Params)
		for _, n := range notes {
			t.Say("%s", n)
		}
		if err != nil {
			return err
		}
		record.Set(t.call.Params)
		return t.put(ctx, s, record)
	})
}

// deleteRecord forgets a record, and what was found by it.
func (t *tool) deleteRecord(ctx context.Context) error {
	return t.opening(ctx, app.Existing, func(s *registry.Service) error {
		_, known, err := t.record(ctx, s)
		if err != nil {
			return err
		}
		if !known {
			return t.notFound()
		}
		entries, err := t.entries(ctx, s, func(p initiator.Portal) bool { return t.isAsked(p) })
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := s.RemoveSendTargetPortal(ctx, e.Key()); err != nil {
				return err
			}
		}
		return s.RemoveToolRecord(ctx, toolName, recordKind, t.call.Portal.String())
	})
}

// showRecord prints a record.
func (t *tool) showRecord(ctx context.Context) error {
	return t.reading(ctx, func(s *registry.Service) error {
		record, known, err := t.record(ctx, s)
		if err != nil {
			return err
		}
		if !known {
			return t.notFound()
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
		switch {
		case t.call.Print > 1:
			return nil
		case t.call.Print == 1:
			nodes, err := t.nodes(ctx, s)
			if err != nil {
				return err
			}
			if err := write(t.Stdout, iscsiadm.AppendDiscoveries(nil, portals, nodes)); err != nil {
				return err
			}
		default:
			if err := write(t.Stdout, iscsiadm.AppendPortals(nil, portals)); err != nil {
				return err
			}
		}
		if len(portals) == 0 {
			return exitStatus(iscsiadm.ExitNothing)
		}
		return nil
	})
}
