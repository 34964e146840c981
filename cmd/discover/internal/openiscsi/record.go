package openiscsi

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// toolName is under which records are in the registry.
const toolName = "iscsiadm"

// The kinds of records there.
const (
	portalRecords = "sendtargets"
	serverRecords = "isns"
)

// recordKind is the kind of the record that the call is about.
func (t *tool) recordKind() string {
	if t.call.Type == iscsiadm.ISNS {
		return serverRecords
	}
	return portalRecords
}

// recordType is the type of the record that the call is about.
func (t *tool) recordType() iscsiadm.Type {
	if t.call.Type == iscsiadm.ISNS {
		return iscsiadm.ISNS
	}
	return iscsiadm.SendTargets
}

// iscsidConf is where open-iscsi's defaults are.
const iscsidConf = "/etc/iscsi/iscsid.conf"

// exitStatus is an exit status without a line.
func exitStatus(status int) error { return exit.StatusError(status) }

// nameOf is how a record is called: by its portal.
func nameOf(p iscsiadm.Portal) string { return p.Address + "," + strconv.Itoa(int(p.Port)) }

// samePortal reports one portal, however its name is written.
func samePortal(a, b iscsiadm.Portal) bool {
	return a.Port == b.Port && strings.EqualFold(a.Address, b.Address)
}

// portalOf is the portal that a record is called by.
func portalOf(name string) (p iscsiadm.Portal, ok bool) {
	i := strings.LastIndexByte(name, ',')
	if i < 0 {
		return p, false
	}
	port, err := strconv.ParseUint(name[i+1:], 10, 16)
	return iscsiadm.Portal{Address: name[:i], Port: uint16(port)}, err == nil
}

// tell says lines that are no failure.
func (t *tool) tell(notes []string) {
	for _, n := range notes {
		t.Say("%s", n)
	}
}

// newOne returns a record with the defaults of iscsid.conf, where that can be read.
func (t *tool) newOne() *iscsiadm.Record {
	b, err := iscsiadm.ReadFile(t.Files, iscsidConf[1:])
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Say("warning: %s cannot be read, so the usual defaults hold: %s", iscsidConf, flags.FileReason(err))
	}
	d, notes := iscsiadm.ReadDefaults(b)
	t.tell(notes)
	return t.withRefs(iscsiadm.NewRecord(t.recordType(), t.call.Portal, d))
}

// withRefs has a record take references to secrets, where the administrator allows that.
func (t *tool) withRefs(r *iscsiadm.Record) *iscsiadm.Record {
	if t.settings.refs {
		r.IsRef = func(value string) bool {
			var ref flags.SecretRef
			return ref.Set(value) == nil && ref.Lasts()
		}
	}
	return r
}

// record returns the record of the portal of the call, as the registry or, where that has
// none, open-iscsi has it; nil: there is none.
func (t *tool) record(ctx context.Context, s *registry.Service) (*iscsiadm.Record, error) {
	stored, known, err := s.ToolRecord(ctx, toolName, t.recordKind(), nameOf(t.call.Portal))
	if err != nil {
		return nil, err
	}
	if !known {
		return t.openISCSIRecord()
	}
	if isDeleted(&stored) {
		return nil, nil
	}
	return t.recordOf(&stored)
}

// openISCSIRecord returns the record that open-iscsi has of the portal of the call, as far
// as it may be read; nil: there is none.
func (t *tool) openISCSIRecord() (*iscsiadm.Record, error) {
	r, notes, err := iscsiadm.FindRecord(t.Files, t.recordType(), t.call.Portal)
	t.tell(notes)
	if errors.Is(err, fs.ErrPermission) {
		t.Say("warning: a record that open-iscsi may have of %s is not used: permission denied", t.call.Portal.Address)
		err = nil
	}
	if r == nil || err != nil {
		return nil, err
	}
	return t.withRefs(r), nil
}

// deletedField is the one field of a record that was deleted, and that open-iscsi has: its
// files stay as they are.
const deletedField = "deleted"

func isDeleted(r *registry.ToolRecord) bool { return r.Fields[deletedField] != "" }

// recordOf returns a record of the registry.
func (t *tool) recordOf(stored *registry.ToolRecord) (*iscsiadm.Record, error) {
	r, err := iscsiadm.RecordOf(t.recordType(), t.call.Portal, stored.Fields, stored.Secrets, stored.Refs)
	if err != nil {
		return nil, err
	}
	return t.withRefs(r), nil
}

// recordToAsk returns the record by which a portal is asked: the defaults for -m
// discovery -t, else what is stored.
func (t *tool) recordToAsk(ctx context.Context) (r *iscsiadm.Record, err error) {
	if t.call.Action() == iscsiadm.Ask {
		return t.newOne(), nil
	}
	err = t.reading(ctx, func(s *registry.Service) error {
		if r, err = t.record(ctx, s); err != nil || r != nil {
			return err
		}
		if t.call.Action() == iscsiadm.AskStored {
			return t.call.CheckRecord(false)
		}
		r = t.newOne()
		return nil
	})
	return r, err
}

// recordHasCHAP reports a record of the portal of the call by which it is asked with CHAP.
func (t *tool) recordHasCHAP(ctx context.Context) (chap bool, err error) {
	err = t.reading(ctx, func(s *registry.Service) error {
		r, err := t.record(ctx, s)
		chap = r != nil && r.CHAP()
		return err
	})
	return chap, err
}

// keep stores the record of a portal that has none: that of open-iscsi, or r.
func (t *tool) keep(ctx context.Context, s *registry.Service, r *iscsiadm.Record) error {
	stored, known, err := s.ToolRecord(ctx, toolName, t.recordKind(), nameOf(t.call.Portal))
	if err != nil || known && !isDeleted(&stored) {
		return err
	}
	if !known {
		theirs, err := t.openISCSIRecord()
		if err != nil {
			return err
		}
		if theirs != nil {
			r = theirs
		}
	}
	err = t.put(ctx, s, r, stored.Version)
	var conflict *registry.ConflictError
	if errors.As(err, &conflict) {
		return nil // another process has made it meanwhile
	}
	return err
}

// put stores a record in the place of one of a version.
func (t *tool) put(ctx context.Context, s *registry.Service, r *iscsiadm.Record, version uint64) error {
	stored := registry.ToolRecord{Tool: toolName, Kind: t.recordKind(), Name: nameOf(t.call.Portal), Version: version}
	stored.Fields, stored.Secrets, stored.Refs = r.Stored()
	return s.PutToolRecord(ctx, stored)
}

// forget removes the record of the call, and what was noted under other kinds. Where
// open-iscsi has a record it is kept in mind that it was deleted.
func (t *tool) forget(ctx context.Context, s *registry.Service, notes ...string) error {
	for _, kind := range notes {
		if _, err := s.RemoveToolRecord(ctx, toolName, kind, nameOf(t.call.Portal)); err != nil {
			return err
		}
	}
	theirs, err := t.openISCSIRecord()
	if err != nil {
		return err
	}
	if theirs != nil {
		return s.PutToolRecord(ctx, registry.ToolRecord{
			Tool: toolName, Kind: t.recordKind(), Name: nameOf(t.call.Portal), Version: registry.AnyVersion,
			Fields: map[string]string{deletedField: "yes"},
		})
	}
	_, err = s.RemoveToolRecord(ctx, toolName, t.recordKind(), nameOf(t.call.Portal))
	return err
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

// asked is the portal, or the iSNS server, of the call.
func (t *tool) asked() initiator.Portal {
	return placeOf(t.call.Portal)
}

// isAsked reports the portal of the call.
func (t *tool) isAsked(p initiator.Portal) bool { return samePlace(p, t.asked()) }

// samePlace reports one address and TCP port.
func samePlace(a, b initiator.Portal) bool {
	return a.Canonical() == b.Canonical() && a.Port == b.Port
}

// placeOf returns a portal of a command line as package initiator has it.
func placeOf(p iscsiadm.Portal) initiator.Portal {
	return initiator.Portal{Address: p.Address, Port: p.Port}
}

// portals returns the portals of all records and entries, each once and in order.
func (t *tool) portals(ctx context.Context, s *registry.Service) ([]iscsiadm.Portal, error) {
	all, err := recorded(ctx, s, portalRecords)
	if err != nil {
		return nil, err
	}
	entries, err := t.entries(ctx, s, func(initiator.Portal) bool { return true })
	for _, e := range entries {
		all = append(all, iscsiadm.Portal{Address: e.Portal.Address, Port: e.Portal.Port})
	}
	return inOrder(all), err
}

// recorded returns the portals of the records of a kind.
func recorded(ctx context.Context, s *registry.Service, kind string) (all []iscsiadm.Portal, err error) {
	for r, err := range s.ToolRecords(ctx, toolName, kind) {
		if err != nil {
			return nil, err
		}
		if p, ok := portalOf(r.Name); ok && !isDeleted(&r) {
			all = append(all, p)
		}
	}
	return all, nil
}

// inOrder sorts portals, each once.
func inOrder(all []iscsiadm.Portal) []iscsiadm.Portal {
	slices.SortFunc(all, func(a, b iscsiadm.Portal) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Address), strings.ToLower(b.Address)), cmp.Compare(a.Port, b.Port))
	})
	return slices.CompactFunc(all, samePortal)
}
