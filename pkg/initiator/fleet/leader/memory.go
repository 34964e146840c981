package leader

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// maxOps is how many changes are made in one transaction: etcd takes 128 by its defaults.
const maxOps = 100

// A memory is what the leader remembers of hosts. It alone writes that, so what it has in
// memory counts, not what it reads back.
type memory struct {
	hosts    map[string]*fleet.Known
	newer    map[string]bool      // hosts of which a newer version wrote the record: it stays as it is
	dirty    map[string]bool      // hosts whose record in etcd is another one
	suspects map[string]suspicion // hosts that did not deliver an answer
}

// A suspicion is a host that lies, or is gone: which of the two is told when its lease has
// had time to end.
type suspicion struct {
	why   string
	until time.Time
}

func newMemory() memory {
	return memory{hosts: map[string]*fleet.Known{}, newer: map[string]bool{}, dirty: map[string]bool{}, suspects: map[string]suspicion{}}
}

// look takes a host as it was (nil: not there) and is.
func (m *memory) look(was, is *view.Host, now time.Time) {
	k := m.hosts[is.Name]
	if is.Silent() {
		delete(m.suspects, is.Name)
	}
	switch {
	case k != nil && !m.dirty[is.Name] && is.Silent() && was != nil && was.Known != nil && is.Known == nil:
		delete(m.hosts, is.Name) // an administrator dropped it
		return
	case m.newer[is.Name], k == nil && is.Silent():
		return // also: keys without a lease, of a host that was never there
	case k == nil:
		m.hosts[is.Name] = &fleet.Known{Host: is.Name, First: now}
	case is.Silent() && k.SilentSince.IsZero():
		k.SilentSince = now
		if was != nil && !was.Silent() {
			k.Paths = len(was.Paths)
		}
	case !is.Silent() && !k.SilentSince.IsZero():
		k.SilentSince, k.Paths = time.Time{}, 0
	default:
		return
	}
	m.dirty[is.Name] = true
}

// suspect notes that a host did not deliver an answer.
func (m *memory) suspect(host, why string, until time.Time) {
	if _, known := m.suspects[host]; !known {
		m.suspects[host] = suspicion{why, until}
	}
}

// judge notes as lies what hosts that are still there did not deliver.
func (m *memory) judge(now time.Time) {
	for host, s := range m.suspects {
		if !now.Before(s.until) {
			delete(m.suspects, host)
			m.lied(host, s.why, now)
		}
	}
}

// lied notes that a host published what is not true.
func (m *memory) lied(host, why string, now time.Time) {
	if k := m.hosts[host]; k != nil {
		k.Lie, k.LieAt = why, now
		m.dirty[host] = true
	}
}

// forget drops hosts that have been silent for long.
func (m *memory) forget(before time.Time) {
	for name, k := range m.hosts {
		if !k.SilentSince.IsZero() && k.SilentSince.Before(before) {
			delete(m.hosts, name)
			m.dirty[name] = true
		}
	}
}

// remember writes what has changed in the memory. What cannot be written stays to be written.
func (t *term) remember(ctx context.Context) {
	now := time.Now()
	t.memory.judge(now)
	t.memory.forget(now.Add(-t.forget))
	var dirty []string
	for name := range t.memory.dirty {
		dirty = append(dirty, name)
	}
	slices.Sort(dirty)
	for names := range slices.Chunk(dirty, maxOps) {
		ops := make([]clientv3.Op, len(names))
		for i, name := range names {
			if k := t.memory.hosts[name]; k != nil {
				ops[i] = clientv3.OpPut(t.cfg.Keys.Known(name), string(k.Encode()))
			} else {
				ops[i] = clientv3.OpDelete(t.cfg.Keys.Known(name))
			}
		}
		if _, err := t.write(ctx, ops...); err != nil {
			t.failed("write what is known of hosts", t.cfg.Keys.KnownHosts(), err)
			return
		}
		t.err = nil
		for _, name := range names {
			delete(t.memory.dirty, name)
		}
	}
}

// recall reads what the leader before remembered.
func (t *term) recall(ctx context.Context) (memory, error) {
	m := newMemory()
	err := t.pages(ctx, t.cfg.Keys.KnownHosts(), func(k fleet.Key, value []byte) {
		if k.Kind != fleet.KindKnown {
			return
		}
		known, err := fleet.DecodeKnown(k.Host, value)
		switch newer := (*fleet.NewerError)(nil); {
		case err == nil:
			m.hosts[k.Host] = known
		case errors.As(err, &newer):
			m.newer[k.Host] = true
		}
	})
	return m, t.explain("read what the leader before knew of hosts", t.cfg.Keys.KnownHosts(), err)
}

// pages reads all keys with a prefix, in pages.
func (t *term) pages(ctx context.Context, prefix string, take func(fleet.Key, []byte), opts ...clientv3.OpOption) error {
	p := etcd.Pages{Client: t.client, Most: pageKeys, Within: patience, Options: opts}
	_, err := p.Read(ctx, prefix, clientv3.GetPrefixRangeEnd(prefix), 0, func(kv *mvccpb.KeyValue) {
		take(t.cfg.Keys.Parse(string(kv.Key)), kv.Value)
	})
	return err
}
