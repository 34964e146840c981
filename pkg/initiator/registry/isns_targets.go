package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// An isnsMerge takes an answer of an iSNS server into the list of targets. What the server
// named before and does not any more is missing since now, if the answer is complete.
type isnsMerge struct {
	*Service
	server          *serverRecord
	now, seenBefore time.Time // of this answer, and of the one before
	complete        bool
}

// An isnsTarget is a target to be merged.
type isnsTarget struct {
	rowkey.TargetKeys
	is *target.Target // nil: the answer does not have it
}

// merge merges the targets of the answer, in as many batches as it takes.
func (m *isnsMerge) merge(ctx context.Context, answered []target.Target) (told []change.Change, err error) {
	all, err := m.targets(ctx, answered)
	if err != nil {
		return nil, err
	}
	for done := 0; done < len(all); {
		var (
			end     int
			changes []change.Change
		)
		err := retryConflicts(ctx, func() (err error) {
			end, changes, err = m.batch(ctx, all, done)
			return err
		})
		if err != nil {
			return sortedChanges(told), err
		}
		told, done = append(told, changes...), end
	}
	return sortedChanges(told), nil
}

// targets returns the targets of the answer, and those that the server named before.
func (m *isnsMerge) targets(ctx context.Context, answered []target.Target) ([]isnsTarget, error) {
	mechanism := rowkey.ISNSMechanism(m.server.server())
	all := make([]isnsTarget, 0, len(answered))
	here := make(map[string]bool, len(answered))
	for i := range answered {
		keys := rowkey.OfTarget(answered[i].Name, mechanism)
		if !here[keys.Record] {
			here[keys.Record] = true
			all = append(all, isnsTarget{keys, &answered[i]})
		}
	}
	escaped := url.PathEscape(mechanism)
	for _, prefix := range []string{rowkey.Found + escaped + "/", rowkey.LongFoundPrefix(escaped)} {
		for r, err := range m.cfg.Store.List(ctx, prefix) {
			if err != nil {
				return nil, err
			}
			if keys, ok := rowkey.ParseTarget(r.Key); ok && !here[keys.Record] {
				all = append(all, isnsTarget{TargetKeys: keys})
			}
		}
	}
	return all, nil
}

// batch writes the records of targets from one on, as many as go into a batch; end is
// behind the last of them.
func (m *isnsMerge) batch(ctx context.Context, all []isnsTarget, done int) (end int, told []change.Change, err error) {
	b := m.newBatch()
	for end = done; end < len(all); end++ {
		changes, is, err := m.changes(ctx, &all[end])
		if err != nil {
			return end, nil, err
		}
		if len(changes) > 0 && !b.takes(changes) {
			break
		}
		b.add(changes)
		if is != nil {
			told = append(told, *is)
		}
	}
	if len(b.changes) == 0 {
		return end, told, nil
	}
	return end, told, m.cfg.Store.Apply(ctx, b.changes...)
}

// changes returns the changes of a target, and what is told of it; none where its record
// says the same already. A record that cannot be read is written anew where the answer has
// the target, and stays as it is where it has not.
func (m *isnsMerge) changes(ctx context.Context, t *isnsTarget) ([]Change, *change.Change, error) {
	old, err := m.cfg.Store.Get(ctx, t.Record)
	if err != nil {
		return nil, nil, err
	}
	var r foundRecord
	known := old.Version != 0 && decode(old, &r) == nil
	if !known {
		r = foundRecord{}
	}
	var told *change.Change
	switch {
	case t.is != nil:
		told = m.found(&r, known, t.is)
	case known:
		told = m.missed(&r)
	default:
		return nil, nil, nil
	}
	value := encode(r)
	if known && bytes.Equal(value, old.Value) {
		return nil, told, nil
	}
	if t.is != nil {
		r.LastSeen = later(m.now, r.FirstSeen)
		value = encode(r)
	}
	return []Change{
		{Key: t.Record, Version: old.Version, Value: value},
		{Key: t.Index, Version: AnyVersion, Value: []byte("{}")},
	}, told, nil
}

// found changes the record of a target that the answer has. When it was seen is in the
// record of the server, so that an answer that says nothing new writes no target.
func (m *isnsMerge) found(r *foundRecord, known bool, t *target.Target) *change.Change {
	was := target.Target{Name: r.Name, Alias: r.Alias, Addresses: r.targetAddresses()}
	missing := r.MissingSince != nil
	if !known {
		r.FirstSeen = m.now
	}
	if known && !change.Alike(&target.Target{Addresses: was.Addresses}, &target.Target{Addresses: t.Addresses}) {
		r.Changed, r.Was = &m.now, r.Addresses
	}
	alike := known && change.Alike(&was, t)
	r.Name, r.Alias, r.ISNS, r.MissingSince, r.Passed = t.Name, t.Alias, m.server, nil, false
	r.setAddresses(t.Addresses)
	r.At = netip.AddrPort{} // the server is no portal of the target
	switch {
	case !known, missing:
		return &change.Change{Kind: change.Appeared, Target: t.Name, Is: t.Addresses, AliasIs: t.Alias}
	case !alike:
		return &change.Change{Kind: change.Changed, Target: t.Name, Is: t.Addresses, Was: was.Addresses, AliasIs: t.Alias, AliasWas: was.Alias}
	}
	return nil
}

// missed changes the record of a target that the answer does not have.
func (m *isnsMerge) missed(r *foundRecord) *change.Change {
	if r.MissingSince != nil {
		return nil
	}
	if !r.Passed {
		r.LastSeen = later(r.LastSeen, m.seenBefore)
	}
	if r.Passed = !m.complete; r.Passed {
		return nil
	}
	since := later(m.now, r.LastSeen)
	r.MissingSince = &since
	return &change.Change{Kind: change.Vanished, Target: r.Name, Was: r.targetAddresses(), AliasWas: r.Alias}
}

// An isnsBitmapRecord is what an iSNS server says of the security of a portal.
type isnsBitmapRecord struct {
	Flags uint64 `json:"flags"`
}

// UnmarshalJSON reads the record, as that of an isnsRecord.
func (r *isnsBitmapRecord) UnmarshalJSON(b []byte) error {
	if _, err := checkFormat(b, 2, maxISNSFormat); err != nil {
		return err
	}
	type fields isnsBitmapRecord
	return json.Unmarshal(b, (*fields)(r))
}

// putBitmaps stores what a server says of the security of portals, in the place of what it
// said before; nil: it says nothing any more. Only bitmaps that ask for IPsec are kept:
// what a server says may make a plan stronger, and never weaker.
func (s *Service) putBitmaps(ctx context.Context, server initiator.Portal, a *isns.Answer) error {
	is := make(map[string][]byte)
	if a != nil {
		for p, flags := range a.Security() {
			portal := initiator.Portal{Address: p.Addr().String(), Port: p.Port()}
			is[rowkey.OfISNSBitmap(portal, server)] = encode(isnsBitmapRecord{Flags: uint64(flags)})
		}
	}
	end := strings.TrimPrefix(rowkey.OfServer(server), rowkey.ISNSServer)
	var changes []Change
	for r, err := range s.cfg.Store.List(ctx, rowkey.ISNSBitmap) {
		if err != nil {
			return err
		}
		if !strings.HasSuffix(r.Key, "/"+end) {
			continue
		}
		value, ok := is[r.Key]
		delete(is, r.Key)
		switch {
		case !ok && a != nil && !a.Complete: // it may be what was left out
		case !ok:
			changes = append(changes, Change{Key: r.Key, Version: AnyVersion, Delete: true})
		case string(value) != string(r.Value):
			changes = append(changes, Change{Key: r.Key, Version: AnyVersion, Value: value})
		}
	}
	for key, value := range is {
		changes = append(changes, Change{Key: key, Version: AnyVersion, Value: value})
	}
	if len(changes) == 0 {
		return nil
	}
	return s.applyInTurn(ctx, changes)
}

// isnsRules returns what iSNS servers say of a portal: rules that may make a plan stronger,
// as those for a portal group. A server does not tell the zone of a link-local address, so
// what it says of one is about it on all links. A record that cannot be read fails the
// portal.
func (s *Service) isnsRules(ctx context.Context, dst netip.AddrPort) (rules []ipsec.Existing, err error) {
	portal := initiator.Portal{Address: dst.Addr().Unmap().WithZone("").String(), Port: dst.Port()}
	for r, err := range s.cfg.Store.List(ctx, rowkey.OfPortal(rowkey.ISNSBitmap, portal)) {
		var b isnsBitmapRecord
		if err == nil {
			err = decode(r, &b)
		}
		if err == nil && !ipsec.Flags(b.Flags).Has(ipsec.FlagValid|ipsec.FlagIKE) {
			err = &RegistryError{Key: r.Key, Err: errors.New("its flags do not ask for IPsec")}
		}
		if err != nil {
			return nil, err
		}
		port, _ := strconv.ParseUint(rowkey.Part(r.Key, 4), 10, 16)
		server := text.Shown(isnsText(initiator.Portal{Address: rowkey.Part(r.Key, 3), Port: uint16(port)}))
		rules = append(rules, ipsec.Existing{
			Kind: ipsec.ExistingRule, Name: "the portal security bitmap of iSNS server " + server, Flags: ipsec.Flags(b.Flags),
			Undo: "if the server is wrong, remove it: discover isns remove " + server,
		})
	}
	return rules, nil
}
