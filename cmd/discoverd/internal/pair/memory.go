package pair

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// A Memory is a registry.Store that remembers what it last read of another one but targets:
// what is needed to ask portals. While etcd is away it reads from there, so that portals are
// asked on. What is to be written fails at once until etcd answers again.
type Memory struct {
	Store registry.Store // the registry in etcd

	mu      sync.Mutex                 // guards the following
	records map[string]registry.Record // as they were read last; Version 0: there was none
	lists   map[string]bool            // prefixes of which all records are there
	away    error                      // what etcd last failed with; nil: it answers
	tried   time.Time                  // when it did
	trying  bool                       // a request looks whether it answers
}

// large begin the keys of records that are as many as there are targets.
var large = []string{"target/", "found/", "long/", "seen/"}

// isLarge reports a list that is not remembered.
func isLarge(prefix string) bool {
	for _, l := range large {
		if strings.HasPrefix(prefix, l) || strings.HasPrefix(l, prefix) {
			return true
		}
	}
	return false
}

// isAway reports an error that says that etcd cannot be used now, and nothing of a record.
func isAway(err error) bool {
	var e *etcd.Error
	return errors.As(err, &e) && (e.State == etcd.Unreachable || e.State == etcd.BadCertificate || e.State == etcd.Unauthenticated)
}

// isUnreadable reports an error of a read that says that nothing can be read now: etcd is
// away, takes no more requests, or does not permit this host to read the registry. Of a write
// the last two say nothing about reads.
func isUnreadable(err error) bool {
	var e *etcd.Error
	return isAway(err) || errors.As(err, &e) && (e.State == etcd.Denied || e.State == etcd.Busy)
}

// know takes note of how a request went; gone: that it failed keeps what is there from being
// read.
func (m *Memory) know(err error, gone func(error) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil:
		m.away = nil
	case gone(err):
		var e *etcd.Error
		if errors.As(err, &e) && e.Uncertain { // that is so of this request, and of none that comes after it
			other := *e
			other.Uncertain, err = false, &other
		}
		m.away, m.tried = err, time.Now()
	}
}

// absent returns why etcd is not asked now; nil: it is. While it is away one request a second
// looks whether it is back, and nothing waits for that.
func (m *Memory) absent() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil && !m.trying && time.Since(m.tried) > retryAfter {
		m.trying = true
		go func() {
			_, err := m.Store.Get(context.Background(), "setting/sealing") // any record; it ends within the time of a request
			m.know(err, isUnreadable)
			m.mu.Lock()
			defer m.mu.Unlock()
			m.trying = false
		}()
	}
	return m.away
}

// Get returns a record, as registry.Store says, or the one that was remembered.
func (m *Memory) Get(ctx context.Context, key string) (registry.Record, error) {
	err := m.absent()
	if err == nil {
		var r registry.Record
		r, err = m.Store.Get(ctx, key)
		m.know(err, isUnreadable)
		if err == nil && !isLarge(key) {
			m.remember(r)
		}
		if !isUnreadable(err) {
			return r, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.records[key]; ok {
		return copied(r), nil
	}
	if m.listed(key) {
		err = nil
	}
	return registry.Record{Key: key}, err
}

// remember keeps a record. That there is none is kept where no list says so.
func (m *Memory) remember(r registry.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Version == 0 && m.listed(r.Key) {
		delete(m.records, r.Key)
		return
	}
	if m.records == nil {
		m.records = make(map[string]registry.Record)
	}
	m.records[r.Key] = copied(r)
}

// listed reports that all records whose keys begin as key does are there. The caller holds mu.
func (m *Memory) listed(key string) bool {
	for prefix := range m.lists {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// List yields records, as registry.Store says, or those that were remembered.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		err := m.absent()
		if err == nil {
			var left bool
			if left, err = m.list(ctx, prefix, yield); left {
				return
			}
		}
		switch all, ok := m.remembered(prefix); {
		case err == nil:
		case !ok || !isUnreadable(err):
			yield(registry.Record{}, err)
		default:
			for _, r := range all {
				if !yield(copied(r), nil) {
					return
				}
			}
		}
	}
}

// list yields what etcd has, and remembers it. err is why nothing was yielded: an error
// behind records is yielded. left: the caller of List wants no more.
func (m *Memory) list(ctx context.Context, prefix string, yield func(registry.Record, error) bool) (left bool, err error) {
	var all []registry.Record
	n := 0
	for r, err := range m.Store.List(ctx, prefix) {
		if m.know(err, isUnreadable); err != nil && n == 0 {
			return false, err
		}
		if n++; err == nil && !isLarge(prefix) {
			all = append(all, copied(r))
		}
		if !yield(r, err) || err != nil {
			return true, nil
		}
	}
	if !isLarge(prefix) {
		m.rememberAll(prefix, all)
	}
	return false, nil
}

// rememberAll keeps a whole list.
func (m *Memory) rememberAll(prefix string, all []registry.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lists == nil {
		m.lists = make(map[string]bool)
	}
	if m.records == nil {
		m.records = make(map[string]registry.Record)
	}
	m.lists[prefix] = true
	maps.DeleteFunc(m.records, func(key string, _ registry.Record) bool { return strings.HasPrefix(key, prefix) })
	for _, r := range all {
		m.records[r.Key] = r
	}
}

// remembered returns a list, in the order of keys; ok: it is whole.
func (m *Memory) remembered(prefix string) (all []registry.Record, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.listed(prefix) {
		return nil, false
	}
	for key, r := range m.records {
		if r.Version != 0 && strings.HasPrefix(key, prefix) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b registry.Record) int { return strings.Compare(a.Key, b.Key) })
	return all, true
}

// copied returns a record whose value is the caller's own.
func copied(r registry.Record) registry.Record {
	r.Value = append([]byte(nil), r.Value...)
	return r
}

// Apply makes changes, as registry.Store says.
func (m *Memory) Apply(ctx context.Context, changes ...registry.Change) error {
	if err := m.absent(); err != nil {
		return err
	}
	err := m.Store.Apply(ctx, changes...)
	m.know(err, isAway)
	return err
}

// Limits returns those of the registry.
func (m *Memory) Limits() (changes, bytes int) { return m.Store.Limits() }

// Close closes the registry.
func (m *Memory) Close() error { return m.Store.Close() }
