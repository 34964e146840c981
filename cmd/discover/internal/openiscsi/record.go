package openiscsi

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Where records are in the registry.
const (
	toolName   = "iscsiadm"
	recordKind = "sendtargets"
)

// iscsidConf is where open-iscsi's defaults are.
const iscsidConf = "/etc/iscsi/iscsid.conf"

const maxConf = 1 << 20 // bytes of one of open-iscsi's files

// exitStatus is an exit status without a line.
func exitStatus(exit int) error { return machine.StatusError(exit) }

// defaults are those of iscsid.conf where that can be read.
func (t *tool) defaults() iscsiadm.Defaults {
	b, err := t.ReadFile(iscsidConf, maxConf)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Say("warning: %s cannot be read, so the usual defaults hold: %v", iscsidConf, err)
		}
		return iscsiadm.ReadDefaults(nil)
	}
	return iscsiadm.ReadDefaults(b)
}

// record returns the record of the portal of the call, as the registry or, where that has
// none, open-iscsi has it.
func (t *tool) record(ctx context.Context, s *registry.Service) (r *iscsiadm.Record, known bool, err error) {
	stored, known, err := s.ToolRecord(ctx, toolName, recordKind, t.call.Portal.String())
	if err != nil || known {
		return iscsiadm.RecordOf(t.call.Portal, t.defaults(), stored.Fields, stored.Secrets), known, err
	}
	return t.openISCSIRecord()
}

// recordToAsk returns the record by which a portal is asked: the defaults for -m
// discovery -t, else what is stored.
func (t *tool) recordToAsk(ctx context.Context) (r *iscsiadm.Record, err error) {
	if t.call.Mode == iscsiadm.Discovery && t.call.Type == iscsiadm.SendTargets {
		return iscsiadm.NewRecord(t.call.Portal, t.defaults()), nil
	}
	err = t.reading(ctx, func(s *registry.Service) error {
		var known bool
		if r, known, err = t.record(ctx, s); err != nil || known {
			return err
		}
		if t.call.Mode == iscsiadm.Discovery {
			return t.notFound()
		}
		r = iscsiadm.NewRecord(t.call.Portal, t.defaults())
		return nil
	})
	return r, err
}

// keep stores the record of a portal that has none.
func (t *tool) keep(ctx context.Context, s *registry.Service, r *iscsiadm.Record) error {
	_, known, err := s.ToolRecord(ctx, toolName, recordKind, t.call.Portal.String())
	if err != nil || known {
		return err
	}
	return t.put(ctx, s, r)
}

func (t *tool) put(ctx context.Context, s *registry.Service, r *iscsiadm.Record) error {
	fields, secrets := r.Fields()
	return s.PutToolRecord(ctx, registry.ToolRecord{Tool: toolName, Kind: recordKind, Name: t.call.Portal.String(), Fields: fields, Secrets: secrets})
}

// openISCSIRecord reads the record that open-iscsi has of the portal.
func (t *tool) openISCSIRecord() (*iscsiadm.Record, bool, error) {
	for _, dir := range []string{"/var/lib/iscsi", "/etc/iscsi"} {
		b, err := t.ReadFile(dir+"/send_targets/"+t.call.Portal.String()+"/st_config", maxConf)
		if err == nil {
			r, err := iscsiadm.ReadRecord(t.call.Portal, t.defaults(), b)
			return r, err == nil, err
		}
	}
	return nil, false, nil
}

// entries returns the entries of the registry whose portals are wanted.
func (t *tool) entries(ctx context.Context, s *registry.Service, wanted func(initiator.Portal) bool) (found []registry.StoredPortal, err error) {
	for p, err := range s.SendTargetPortals(ctx) {
		if err != nil {
			return nil, err
		}
		if wanted(p.Portal) {
			found = append(found, p)
		}
	}
	return found, nil
}

// isAsked reports the portal of the call.
func (t *tool) isAsked(p initiator.Portal) bool {
	own := initiator.Portal{Address: t.call.Portal.Address, Port: t.call.Portal.Port}
	return p.Canonical() == own.Canonical() && p.Port == own.Port
}

// portals returns the portals of all records and entries, each once and in order.
func (t *tool) portals(ctx context.Context, s *registry.Service) (all []iscsiadm.Portal, err error) {
	for r, err := range s.ToolRecords(ctx, toolName, recordKind) {
		if err != nil {
			return nil, err
		}
		if p, err := iscsiadm.ParsePortal(r.Name); err == nil {
			all = append(all, p)
		}
	}
	entries, err := t.entries(ctx, s, func(initiator.Portal) bool { return true })
	for _, e := range entries {
		all = append(all, iscsiadm.Portal{Address: e.Portal.Address, Port: e.Portal.Port})
	}
	slices.SortFunc(all, iscsiadm.ComparePortals)
	return slices.Compact(all), err
}

var _ io.Writer
