package registry

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// mergeISNS takes the targets of an answer into the list. What the server named before and
// does not any more is missing since now, if the answer is complete.
func (s *Service) mergeISNS(ctx context.Context, server initiator.Portal, a *isns.Answer, complete bool, now time.Time) ([]change.Change, error) {
	mechanism := rowkey.ISNSMechanism(server)
	escaped := url.PathEscape(mechanism)
	gone := make(map[string]rowkey.TargetKeys)
	for _, prefix := range []string{rowkey.Found + escaped + "/", rowkey.LongFoundPrefix(escaped)} {
		for r, err := range s.cfg.Store.List(ctx, prefix) {
			if err != nil {
				return nil, err
			}
			if keys, ok := rowkey.ParseTarget(r.Key); ok {
				gone[keys.Record] = keys
			}
		}
	}
	var told []change.Change
	m := isnsMerge{server: newServerRecord(server), at: a.Server, now: now}
	for _, t := range a.Targets() {
		keys := rowkey.OfTarget(t.Name, mechanism)
		delete(gone, keys.Record)
		c, err := s.changeTarget(ctx, keys, func(r *foundRecord, known bool) *change.Change { return m.found(r, known, &t) })
		if err != nil {
			return told, err
		}
		if c != nil {
			told = append(told, *c)
		}
	}
	if !complete {
		return sortedChanges(told), nil
	}
	for _, keys := range gone {
		c, err := s.changeTarget(ctx, keys, m.missed)
		if err != nil {
			return told, err
		}
		if c != nil {
			told = append(told, *c)
		}
	}
	return sortedChanges(told), nil
}

// changeTarget changes the record of a target, where that makes a difference.
func (s *Service) changeTarget(ctx context.Context, keys rowkey.TargetKeys, make func(r *foundRecord, known bool) *change.Change) (told *change.Change, err error) {
	err = retryConflicts(ctx, func() error {
		old, err := s.cfg.Store.Get(ctx, keys.Record)
		if err != nil {
			return err
		}
		var r foundRecord
		known := old.Version != 0 && decode(old, &r) == nil
		if !known {
			r = foundRecord{}
		}
		if told = make(&r, known); r.Name == "" {
			return nil
		}
		value := encode(r)
		if known && string(value) == string(old.Value) {
			return nil
		}
		return s.cfg.Store.Apply(ctx,
			Change{Key: keys.Record, Version: old.Version, Value: value},
			Change{Key: keys.Index, Version: AnyVersion, Value: []byte("{}")})
	})
	return told, err
}

// An isnsMerge is an answer that is taken into the list of targets.
type isnsMerge struct {
	server *serverRecord
	at     netip.AddrPort
	now    time.Time
}

// found changes the record of a target that the answer has. When it was seen is in the
// record of the server, so that an answer that says nothing new writes no target.
func (m *isnsMerge) found(r *foundRecord, known bool, t *target.Target) *change.Change {
	was := target.Target{Name: r.Name, Alias: r.Alias, Addresses: r.targetAddresses()}
	missing := r.MissingSince != nil
	if !known {
		r.FirstSeen, r.LastSeen = m.now, m.now
	}
	if missing {
		r.LastSeen = m.now
	}
	same := known && change.Alike(&target.Target{Addresses: was.Addresses}, &target.Target{Addresses: t.Addresses})
	if known && !same {
		r.Changed, r.Was = &m.now, r.Addresses
	}
	alike := known && change.Alike(&was, t)
	r.Name, r.Alias, r.ISNS, r.MissingSince = t.Name, t.Alias, m.server, nil
	if !same {
		r.setAddresses(t.Addresses)
	}
	r.setAt(m.at, t.Addresses)
	switch {
	case !known, missing:
		return &change.Change{Kind: change.Appeared, Target: t.Name, Is: t.Addresses, AliasIs: t.Alias}
	case !alike:
		return &change.Change{Kind: change.Changed, Target: t.Name, Is: t.Addresses, Was: was.Addresses, AliasIs: t.Alias, AliasWas: was.Alias}
	}
	return nil
}

// missed changes the record of a target that the answer does not have.
func (m *isnsMerge) missed(r *foundRecord, known bool) *change.Change {
	if !known || r.MissingSince != nil {
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
	return s.applyInTurn(ctx, changes)
}

// isnsRules returns what iSNS servers say of a portal: rules that may make a plan stronger,
// as those for a portal group. A record that cannot be read fails the portal.
func (s *Service) isnsRules(ctx context.Context, dst netip.AddrPort) (rules []ipsec.Existing, err error) {
	portal := initiator.Portal{Address: dst.Addr().String(), Port: dst.Port()}
	for r, err := range s.cfg.Store.List(ctx, rowkey.OfPortal(rowkey.ISNSBitmap, portal)) {
		var b isnsBitmapRecord
		if err == nil {
			err = decode(r, &b)
		}
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("the portal security bitmap of iSNS server %s", rowkey.Part(r.Key, 3))
		rules = append(rules, ipsec.Existing{Kind: ipsec.ExistingRule, Name: name, Flags: ipsec.Flags(b.Flags)})
	}
	return rules, nil
}
