package etcd

import (
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A batch is the changes of one Apply.
type batch struct {
	changes []registry.Change
	mark    string
	large   []int // indices of changes whose values are in parts

	generation string           // of the parts, once they are staged
	lease      clientv3.LeaseID // of their marker
	renewed    time.Time        // when the lease was
}

// newBatch decides which values are in parts: the long ones, and of others the longest
// until the rest is a request.
func newBatch(changes []registry.Change) *batch {
	b := &batch{changes: changes, mark: newMark()}
	total := 0
	for i := range changes {
		if n := len(changes[i].Value); !changes[i].Delete {
			if n > inlineMax {
				b.large = append(b.large, i)
				continue
			}
			total += n
		}
	}
	for total > batchMax {
		longest := -1
		for i := range changes {
			if !changes[i].Delete && !b.isLarge(i) && (longest < 0 || len(changes[i].Value) > len(changes[longest].Value)) {
				longest = i
			}
		}
		b.large = append(b.large, longest)
		total -= len(changes[longest].Value)
	}
	return b
}

func (b *batch) isLarge(i int) bool {
	for _, l := range b.large {
		if l == i {
			return true
		}
	}
	return false
}

// A transaction is what etcd is asked to do.
type transaction struct {
	compare         []clientv3.Cmp
	then, otherwise []clientv3.Op
}

// check adds a comparison and what to look at where one of them fails, so that the answers
// are in the order of the comparisons.
func (t *transaction) check(key string, c clientv3.Cmp, options ...clientv3.OpOption) {
	t.compare = append(t.compare, c)
	t.otherwise = append(t.otherwise, clientv3.OpGet(key, options...))
}

// transaction returns what makes all changes of a batch or none, and removes the parts of
// values that are replaced.
func (s *Store) transaction(b *batch) *transaction {
	t := new(transaction)
	t.check(s.format(), clientv3.Compare(clientv3.Value(s.format()), "=", schemaText))
	if len(b.large) > 0 {
		marker := s.writer(b.mark)
		t.check(marker, clientv3.Compare(clientv3.CreateRevision(marker), ">", 0), clientv3.WithKeysOnly())
		t.then = append(t.then, clientv3.OpDelete(marker))
	}
	for i := range b.changes {
		c := &b.changes[i]
		large := b.isLarge(i)
		first := s.part(c.Key, b.generation, b.mark, 0)
		if c.Version != registry.AnyVersion {
			t.check(s.record(c.Key), clientv3.Compare(clientv3.ModRevision(s.record(c.Key)), "=", int64(c.Version)), clientv3.WithKeysOnly())
		}
		if large { // no other writer of this record has removed our parts: one that deleted it where it was not there has no version
			t.check(first, clientv3.Compare(clientv3.CreateRevision(first), ">", 0), clientv3.WithKeysOnly())
		}
		switch {
		case c.Delete:
			t.then = append(t.then, clientv3.OpDelete(s.record(c.Key)), s.deleteParts(c.Key, ""))
		case large:
			h := head{mark: b.mark, large: newLarge(b.generation, c.Value)}
			t.then = append(t.then, clientv3.OpPut(s.record(c.Key), string(h.bytes())), s.deleteParts(c.Key, b.generation))
		default:
			h := head{mark: b.mark, value: c.Value}
			t.then = append(t.then, clientv3.OpPut(s.record(c.Key), string(h.bytes())), s.deleteParts(c.Key, ""))
		}
	}
	return t
}

// deleteParts removes the parts of a record: those older than a generation, or all.
func (s *Store) deleteParts(key, before string) clientv3.Op {
	begin := s.parts(key)
	if before != "" {
		return clientv3.OpDelete(begin, clientv3.WithRange(begin+before))
	}
	return clientv3.OpDelete(begin, clientv3.WithPrefix())
}
