package openiscsi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// ifaceKind is the kind of the records that say by which iface an entry of the registry
// was asked: by each name the entry's key. Two ifaces may be the same port of this host, and
// so one entry.
const ifaceKind = "ifaces"

// The kinds of the same records of iSNS servers: by which iface one was asked, and whether
// iscsiadm has made it.
const (
	serverIfaceKind = "isns-ifaces"
	serverMadeKind  = "isns-made"
)

// noteIface keeps in mind that an entry was asked by an iface.
func (t *tool) noteIface(ctx context.Context, s *registry.Service, iface string, key initiator.Key) error {
	return t.note(ctx, s, ifaceKind, iface, key.String())
}

// note sets a field of a record of the portal of the call, which is made where there is none.
func (t *tool) note(ctx context.Context, s *registry.Service, kind, field, value string) error {
	name := nameOf(t.call.Portal)
	for {
		known, err := s.ChangeToolRecord(ctx, toolName, kind, name, func(r *registry.ToolRecord) error {
			r.Fields[field] = value
			return nil
		})
		if err != nil || known {
			return err
		}
		err = s.PutToolRecord(ctx, registry.ToolRecord{Tool: toolName, Kind: kind, Name: name, Fields: map[string]string{field: value}})
		var conflict *registry.ConflictError
		if !errors.As(err, &conflict) { // else another process has made it meanwhile
			return err
		}
	}
}

// An ifaceIndex has the ifaces by which entries and iSNS servers were asked, in order, by
// the text of where.
type ifaceIndex map[string][]string

// whereOf is the key of an iSNS server in an ifaceIndex: an entry of the registry may have
// the same address.
func whereOf(server string) string { return "isns " + server }

// ifacesOfEntries returns the ifaces of all entries and iSNS servers.
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
	for r, err := range s.ToolRecords(ctx, toolName, serverIfaceKind) {
		if err != nil {
			return nil, err
		}
		for iface, server := range r.Fields {
			index[whereOf(server)] = append(index[whereOf(server)], iface)
		}
	}
	for _, ifaces := range index {
		slices.Sort(ifaces)
	}
	return index, nil
}

// of returns the ifaces by which a mechanism was asked: default where that was not done by
// iscsiadm.
func (x ifaceIndex) of(m *registry.Mechanism) []string {
	where := m.Portal.String()
	if isISNS(m) {
		where = whereOf(m.ISNS.String())
	}
	if ifaces := x[where]; len(ifaces) > 0 {
		return ifaces
	}
	return []string{iscsiadm.DefaultIface}
}

// madeKind is the kind of the records that say which entries of the registry iscsiadm has
// made: by the key of each the print of its options.
const madeKind = "made"

// noteMade keeps in mind that an entry is as iscsiadm has made it.
func (t *tool) noteMade(ctx context.Context, s *registry.Service, key initiator.Key) error {
	entries, err := t.entries(ctx, s, t.isAsked)
	if err != nil {
		return err
	}
	for i := range entries {
		if entries[i].Key().Same(key) {
			return t.note(ctx, s, madeKind, key.String(), optionsPrint(&entries[i]))
		}
	}
	return nil // it was removed meanwhile
}

// entriesMade returns the keys of the entries of the portal of the call that are as
// iscsiadm has made them. Others have options that were defined otherwise, at first or
// since, and stay.
func (t *tool) entriesMade(ctx context.Context, s *registry.Service) (made []initiator.Key, err error) {
	prints, _, err := s.ToolRecord(ctx, toolName, madeKind, nameOf(t.call.Portal))
	if err != nil {
		return nil, err
	}
	entries, err := t.entries(ctx, s, t.isAsked)
	for i := range entries {
		if key := entries[i].Key(); prints.Fields[key.String()] == optionsPrint(&entries[i]) {
			made = append(made, key)
		}
	}
	return made, err
}

// optionsPrint is a print of all that an entry says of how it is asked, but for the
// secrets themselves. What is not set does not count, so that a later version, which knows
// more options, finds the same.
func optionsPrint(p *registry.StoredPortal) string {
	options := *p
	options.Added, options.Last = time.Time{}, registry.LastResult{}
	sum := sha256.Sum256(appendSet(nil, "", reflect.ValueOf(options)))
	return hex.EncodeToString(sum[:])
}

// appendSet appends each field that is set, with its name.
func appendSet(b []byte, name string, v reflect.Value) []byte {
	if v.IsZero() {
		return b
	}
	open := v.Kind() == reflect.Struct
	for i := 0; open && i < v.NumField(); i++ {
		open = v.Type().Field(i).IsExported()
	}
	if !open {
		return fmt.Appendf(b, "%s=%v\n", name, v.Interface())
	}
	for i := range v.NumField() {
		b = appendSet(b, name+"."+v.Type().Field(i).Name, v.Field(i))
	}
	return b
}
