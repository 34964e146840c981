package registry

import (
	"context"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// rules are what the registry says of all portals: the node name, the secret of mutual
// CHAP, the default flags, keys, gateways, policies, and the initiator ports. They are
// read once, when a run begins, and handed down: no connection asks the registry, which
// may be on another host, and all portals of a run are asked under the same rules. What
// the run itself finds, such as a portal in a group that a policy means, counts from the
// next run on.
type rules struct {
	ports   *ports.Selector
	records frozenStore // of rulePrefixes
	groups  []groupMember
}

// rulePrefixes begin the keys of the records that are rules.
var rulePrefixes = [...]string{rowkey.Setting, prefixPSK, prefixTunnel, prefixPolicy, rowkey.Bitmap, rowkey.ISNSBitmap, rowkey.FleetPolicy}

// isRule reports keys of records that are rules, and prefixes of nothing else.
func isRule(key string) bool {
	for _, p := range rulePrefixes {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

// A groupMember is a portal that a target advertises in a portal group.
type groupMember struct {
	tag  int
	addr netip.Addr
	port uint16
}

// underRules returns a Service that answers from the rules as they are now. numbers says
// whether initiator ports without numbers may be given some. It reads what is not a rule
// from the registry, as s does, and writes nothing.
func (s *Service) underRules(ctx context.Context, numbers bool) (*Service, error) {
	ports, err := s.Selector(ctx, numbers)
	if err != nil {
		return nil, err
	}
	r := &rules{ports: ports}
	for _, prefix := range rulePrefixes {
		for record, err := range s.cfg.Store.List(ctx, prefix) {
			if err != nil {
				return nil, storeError(err)
			}
			r.records.add(record)
		}
	}
	s.mu.Lock()
	own := &memory{static: maps.Clone(s.static), volatile: maps.Clone(s.volatile)}
	s.mu.Unlock()
	under := &Service{cfg: s.cfg, memory: own, rules: r}
	under.cfg.Store = ruleStore{Store: s.cfg.Store, records: &r.records}
	if r.groups, err = under.groups(ctx); err != nil {
		return nil, storeError(err)
	}
	return under, nil
}

// groups returns the known portals that are in a group which a policy names. Where none
// does, no target is read. A policy that cannot be read fails where it is needed.
func (s *Service) groups(ctx context.Context) ([]groupMember, error) {
	tags := make(map[int]bool)
	count := func(selector string) {
		if sel, _, err := parseSelector(selector); err == nil && sel.tag != target.NoGroup {
			tags[sel.tag] = true
		}
	}
	for p := range s.Policies(ctx) {
		count(p.Selector)
	}
	for r, err := range s.cfg.Store.List(ctx, rowkey.FleetPolicy) {
		if err == nil {
			p, _ := decodeFleetPolicy(r)
			count(p.Selector)
		}
	}
	if len(tags) == 0 {
		return nil, nil
	}
	seen := make(map[groupMember]bool)
	var all []groupMember
	for t, err := range s.known(ctx) {
		if err != nil {
			return nil, err
		}
		for _, m := range t.Mechanisms {
			for _, a := range m.Addresses {
				addr, ok := a.Addr()
				member := groupMember{a.Group, addr, a.Port}
				if ok && tags[a.Group] && !seen[member] {
					seen[member] = true
					all = append(all, member)
				}
			}
		}
	}
	return all, nil
}

// inGroup reports whether some known target has a portal in a group of that tag.
func (r *rules) inGroup(dst netip.AddrPort, tag int) bool {
	for _, m := range r.groups {
		if m.tag == tag && m.port == dst.Port() && zone.Meets(m.addr, dst.Addr()) {
			return true
		}
	}
	return false
}

// A ruleStore is a Store that answers from memory what is asked of the rules.
type ruleStore struct {
	Store
	records *frozenStore // of the rules
}

// Get returns a record, as Store says.
func (s ruleStore) Get(ctx context.Context, key string) (Record, error) {
	if !isRule(key) {
		return s.Store.Get(ctx, key)
	}
	return s.records.Get(ctx, key)
}

// List yields records, as Store says.
func (s ruleStore) List(ctx context.Context, prefix string) iter.Seq2[Record, error] {
	if !isRule(prefix) {
		return s.Store.List(ctx, prefix)
	}
	return s.records.List(ctx, prefix)
}

// rulesOnce reads the rules when they are first needed. The zero value is ready to use.
type rulesOnce struct {
	mu    sync.Mutex // guards under
	under *Service
}

// of returns what s.underRules does, without numbers; an error is not kept.
func (o *rulesOnce) of(ctx context.Context, s *Service) (_ *Service, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.under == nil {
		o.under, err = s.underRules(ctx, false)
	}
	return o.under, err
}

// Rules are what a registry says of the IPsec of portals, as it was when they were
// read: policies, preshared keys, gateways, flags that were defined before and the
// default. They are for portals that a Discoverer asks without storing anything: see
// Discoverer.Rules. They are safe for concurrent use. Keys are opened when they are
// needed, by the Sealer and the Secrets of the Service.
type Rules struct{ service *Service }

// Rules reads the rules of the registry, once. The Service has to stay open as long as
// they are in use, for its Sealer's sake. Its error is an *Error.
func (s *Service) Rules(ctx context.Context) (*Rules, error) {
	under, err := s.underRules(ctx, false)
	if err != nil {
		return nil, err
	}
	return &Rules{under}, nil
}

// Apply puts the rules into a request. What d knows itself of keys and gateways counts
// where they say nothing.
func (r *Rules) Apply(d *initiator.Discoverer, j *initiator.Request) {
	j.Policy, j.There = r.service.policy, r.service.requestThere
	j.PSK = func(ctx context.Context, from ports.Port, peer enforce.Peer) (enforce.PSK, bool, error) {
		key, ok, err := r.service.key(ctx, from, peer)
		if !ok && err == nil && d.PSK != nil {
			return d.PSK(ctx, from, peer)
		}
		return key, ok, err
	}
	j.Gateway = func(ctx context.Context, from ports.Port, dst netip.Addr) (netip.Addr, bool, error) {
		outer, ok, err := r.service.outer(ctx, from, dst)
		if !ok && err == nil && d.Gateway != nil {
			return d.Gateway(ctx, from, dst)
		}
		return outer, ok, err
	}
	var err error
	if j.Security, err = r.service.security(context.Background(), &j.Portal); err != nil { // of memory: nothing to wait for
		j.Err = &initiator.Error{Stage: initiator.StageStore, Portal: j.Portal.Portal, Err: err}
	}
}

// RequestThere returns the request for an address that a portal advertises.
func (r *Rules) RequestThere(ctx context.Context, j initiator.Request, dst netip.AddrPort) (initiator.Request, error) {
	return r.service.requestThere(ctx, j, dst)
}

// A frozenStore is records in memory, in the order of their keys, that do not change
// any more.
type frozenStore struct{ all []Record }

// find returns where a key is, or would be.
func (f *frozenStore) find(key string) (int, bool) {
	return slices.BinarySearchFunc(f.all, key, func(r Record, key string) int { return strings.Compare(r.Key, key) })
}

// add puts a record in. It is called before the store is in use.
func (f *frozenStore) add(r Record) {
	r.Version = max(r.Version, 1) // a record that ends with the Service has none
	if i, ok := f.find(r.Key); !ok {
		f.all = slices.Insert(f.all, i, r)
	}
}

func (f *frozenStore) Get(_ context.Context, key string) (Record, error) {
	if i, ok := f.find(key); ok {
		return f.all[i], nil
	}
	return Record{Key: key}, nil
}

func (f *frozenStore) List(_ context.Context, prefix string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		i, _ := f.find(prefix)
		for ; i < len(f.all) && strings.HasPrefix(f.all[i].Key, prefix); i++ {
			if !yield(f.all[i], nil) {
				return
			}
		}
	}
}
