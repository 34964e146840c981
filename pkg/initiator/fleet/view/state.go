package view

import (
	"fmt"
	"maps"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A state is the fleet as the Reader follows it. A View is made of it, and shares the hosts
// with it: a host that was handed out is copied before it changes.
type state struct {
	keys     fleet.Keys
	revision int64 // of the newest change

	hosts    map[string]*Host
	own      map[string]bool // hosts that no View has yet
	desired  map[initiator.Portal]*fleet.Portal
	policies map[string]*fleet.Policy
	logins   map[string]*fleet.Login

	candidates map[string]candidate // for the leadership, by key
	odd        odds
	scans      scans
}

// A candidate is a host that leads or waits to lead: the oldest key leads.
type candidate struct {
	host    string
	created int64
}

func newState(keys fleet.Keys) *state {
	return &state{
		keys: keys, hosts: map[string]*Host{}, own: map[string]bool{}, desired: map[initiator.Portal]*fleet.Portal{},
		policies: map[string]*fleet.Policy{}, logins: map[string]*fleet.Login{}, candidates: map[string]candidate{},
		odd: odds{all: map[string]Odd{}}, scans: scans{},
	}
}

// view makes a View of the state.
func (s *state) view() *View {
	v := &View{
		Revision: s.revision, Leader: s.leader(), Hosts: maps.Clone(s.hosts), Desired: maps.Clone(s.desired),
		Policies: maps.Clone(s.policies), Logins: maps.Clone(s.logins), Odd: s.odd.first(), OddCount: len(s.odd.all), Scans: s.scans.list(),
	}
	clear(s.own)
	return v
}

func (s *state) leader() string {
	var first candidate
	for _, c := range s.candidates {
		if first.created == 0 || c.created < first.created {
			first = c
		}
	}
	return first.host
}

// put takes a key as it is now.
func (s *state) put(kv *mvccpb.KeyValue) {
	s.revision = max(s.revision, kv.ModRevision)
	key := string(kv.Key)
	if s.isCandidate(key) {
		s.candidate(key, kv)
		return
	}
	k := s.keys.Parse(key)
	if err := s.read(k, kv); err != nil {
		s.odd.add(key, k.Host, err)
		return
	}
	s.odd.remove(key)
}

// remove takes a key away.
func (s *state) remove(kv *mvccpb.KeyValue) {
	s.revision = max(s.revision, kv.ModRevision)
	key := string(kv.Key)
	s.odd.remove(key)
	if s.isCandidate(key) {
		delete(s.candidates, key)
		return
	}
	switch k := s.keys.Parse(key); k.Kind {
	case fleet.KindJob:
		s.scans.remove(k)
	case fleet.KindInfo:
		s.change(k.Host, func(h *Host) { h.Info, h.Err = nil, nil })
	case fleet.KindPath:
		s.change(k.Host, func(h *Host) { delete(h.Paths, k.Path()) })
	case fleet.KindTwin:
		s.change(k.Host, func(h *Host) { delete(h.Twins, k.Name) })
	case fleet.KindKnown:
		s.change(k.Host, func(h *Host) { h.Known = nil })
	case fleet.KindPortal:
		delete(s.desired, k.Entry.Portal)
	case fleet.KindPolicy:
		delete(s.policies, k.Name)
	case fleet.KindLogin:
		delete(s.logins, k.Name)
	}
}

// read reads the record of a key. What cannot be read takes the place of what was there.
func (s *state) read(k fleet.Key, kv *mvccpb.KeyValue) error {
	value := kv.Value
	switch k.Kind {
	case fleet.Foreign:
		return &fleet.RecordError{Why: "it is no key of a fleet"}
	case fleet.KindInfo:
		info, err := fleet.DecodeInfo(k.Host, value)
		if err == nil {
			info.Host = k.Host
		}
		return s.update(k.Host, err, func(h *Host) error { h.Info, h.Err, h.info = info, err, kv.CreateRevision; return nil })
	case fleet.KindPath:
		return s.readPath(k, value)
	case fleet.KindTwin:
		twin, err := fleet.DecodeTwin(k.Host, value)
		return s.update(k.Host, err, func(h *Host) error { return h.setTwin(k.Name, twin) })
	case fleet.KindKnown:
		known, err := fleet.DecodeKnown(k.Host, value)
		return s.update(k.Host, err, func(h *Host) error { h.Known, h.known = known, kv.CreateRevision; return nil })
	case fleet.KindPortal:
		return desire(s.desired, k.Entry.Portal, value, func(b []byte) (*fleet.Portal, error) { return fleet.DecodePortal(k.Entry.Portal, b) })
	case fleet.KindPolicy:
		return desire(s.policies, k.Name, value, func(b []byte) (*fleet.Policy, error) { return fleet.DecodePolicy(k.Name, b) })
	case fleet.KindJob, fleet.KindGrant, fleet.KindRead, fleet.KindBlame:
		return s.scans.put(k, kv)
	case fleet.KindLogin:
		return desire(s.logins, k.Name, value, func(b []byte) (*fleet.Login, error) { return fleet.DecodeLogin(k.Name, b) })
	}
	return nil // answers and who is asked for them: see Reader.Answer and package leader
}

func (s *state) readPath(k fleet.Key, value []byte) error {
	path, err := fleet.DecodePath(k.Host, value)
	if err == nil && path.ISNS != k.ISNS {
		err = &fleet.RecordError{Why: "of a portal it says that it is an iSNS server, or of a server that it is none"}
	}
	return s.update(k.Host, err, func(h *Host) error {
		if err != nil {
			delete(h.Paths, k.Path())
			return nil
		}
		if len(h.Paths) >= fleet.MaxPaths && h.Paths[k.Path()] == nil {
			return &fleet.RecordError{Why: fmt.Sprintf("the host has more than %d paths", fleet.MaxPaths)}
		}
		path.Host = k.Host
		h.Paths[k.Path()] = path
		return nil
	})
}

// update changes a host by a record that was read, or could not be: then err says why.
func (s *state) update(host string, err error, f func(*Host) error) error {
	if s.hosts[host] == nil && len(s.hosts) >= MaxHosts {
		return &fleet.RecordError{Why: fmt.Sprintf("the fleet has more than %d hosts", MaxHosts)}
	}
	var refused error
	s.change(host, func(h *Host) { refused = f(h) })
	if err != nil {
		return err
	}
	return refused
}

// change changes a host. One of which nothing is left is gone.
func (s *state) change(host string, f func(*Host)) {
	h := s.hosts[host]
	switch {
	case h == nil:
		h = &Host{Name: host, Paths: map[fleet.Entry]*fleet.Path{}}
	case !s.own[host]:
		copied := *h
		copied.Paths, copied.Twins = maps.Clone(h.Paths), maps.Clone(h.Twins)
		h = &copied
	}
	f(h)
	if h.empty() {
		delete(s.hosts, host)
		delete(s.own, host)
		return
	}
	s.hosts[host], s.own[host] = h, true
}

// setTwin takes a host with the same name; nil: it cannot be read.
func (h *Host) setTwin(name string, twin *fleet.Twin) error {
	switch {
	case twin == nil:
		delete(h.Twins, name)
	case len(h.Twins) >= fleet.MaxTwins && h.Twins[name] == nil:
		return &fleet.RecordError{Why: fmt.Sprintf("more than %d other hosts have the name", fleet.MaxTwins)}
	default:
		if h.Twins == nil {
			h.Twins = map[string]*fleet.Twin{}
		}
		h.Twins[name] = twin
	}
	return nil
}

// desire takes a record of config/.
func desire[K comparable, V any](all map[K]*V, k K, value []byte, decode func([]byte) (*V, error)) error {
	v, err := decode(value)
	if err != nil {
		delete(all, k)
		return err
	}
	if len(all) >= MaxDesired && all[k] == nil {
		return &fleet.RecordError{Why: fmt.Sprintf("the fleet has more than %d of its kind", MaxDesired)}
	}
	all[k] = v
	return nil
}

func (s *state) isCandidate(key string) bool { return strings.HasPrefix(key, s.keys.Leader()+"/") }

func (s *state) candidate(key string, kv *mvccpb.KeyValue) {
	host := string(kv.Value)
	if len(kv.Value) > fleet.MaxHostName || fleet.CheckHost(host) != nil {
		s.odd.add(key, "", &fleet.RecordError{Why: "a candidate has an impossible host name"})
		return
	}
	if len(s.candidates) < MaxHosts {
		s.candidates[key] = candidate{host, kv.CreateRevision}
	}
}
