package registry

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// How a change of the registry is tried again after a *ConflictError: at most
// maxConflicts tries, with a wait between two that begins with up to
// minConflictWait, doubles with each try up to maxConflictWait, and is cut at
// random, so that writers that met do not meet again. All waits together are under
// two seconds.
const (
	maxConflicts    = 20
	minConflictWait = time.Millisecond
	maxConflictWait = 128 * time.Millisecond
)

// retryConflicts runs change until no other writer was ahead of it, or ctx ends. It
// gives up after maxConflicts tries with the last *ConflictError.
func retryConflicts(ctx context.Context, change func() error) error {
	wait := minConflictWait
	for try := 1; ; try++ {
		err := change()
		var conflict *ConflictError
		if !errors.As(err, &conflict) {
			return err
		}
		if try == maxConflicts {
			last := *conflict
			last.Tries = try
			return &last
		}
		t := time.NewTimer(rand.N(wait) + 1)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
		wait = min(2*wait, maxConflictWait)
	}
}

// applyInTurn makes changes in as many batches as the Store wants. Each batch is made by
// itself: the first ones have to be right without the others.
func (s *Service) applyInTurn(ctx context.Context, changes []Change) error {
	b := s.newBatch()
	for i := range changes {
		if !b.takes(changes[i : i+1]) {
			if err := s.cfg.Store.Apply(ctx, b.changes...); err != nil {
				return err
			}
			b = s.newBatch()
		}
		b.add(changes[i : i+1])
	}
	return s.cfg.Store.Apply(ctx, b.changes...)
}

// mergeBatch is how many changes are made at once: each batch is one transaction.
const mergeBatch = 1000

// A batch is changes for one Apply, as many as the Store takes.
type batch struct {
	changes []Change

	most, bytes int // that there is room for; bytes 0: any
	size        int // in bytes
}

// newBatch returns an empty batch for the Store.
func (s *Service) newBatch() *batch {
	b := &batch{}
	b.most, b.bytes = s.cfg.Store.Limits()
	if b.most == 0 || b.most > mergeBatch {
		b.most = mergeBatch
	}
	return b
}

// takes reports whether there is room for changes. In an empty batch there always is: the
// Store says what is wrong with them.
func (b *batch) takes(changes []Change) bool {
	return len(b.changes) == 0 || len(b.changes)+len(changes) <= b.most && (b.bytes == 0 || b.size+sizeOf(changes) <= b.bytes)
}

func (b *batch) add(changes []Change) {
	b.changes, b.size = append(b.changes, changes...), b.size+sizeOf(changes)
}

// reserve keeps room for the largest of several changes.
func (b *batch) reserve(ends ...[]Change) {
	n, size := 0, 0
	for _, e := range ends {
		n, size = max(n, len(e)), max(size, sizeOf(e))
	}
	b.most, b.size = b.most-n, b.size+size
}

// sizeOf returns the bytes of keys and values.
func sizeOf(changes []Change) (n int) {
	for i := range changes {
		n += len(changes[i].Key) + len(changes[i].Value)
	}
	return n
}

// A Store keeps the registry of a [Service]: records with a key, a value and a
// version. It is narrow, so that a database, a file or a cluster's own store can
// be one, and it holds nothing between calls: no lock, no cursor, no
// transaction.
//
// All methods may be called from several goroutines, and a store on disk from
// several processes. What Apply has acknowledged survives a crash at any moment
// (a store in memory excepted). Package storetest holds a Store to this.
type Store interface {
	// Get returns the record of a key. A key without one is not an error: the
	// record then has Version 0.
	Get(ctx context.Context, key string) (Record, error)

	// List yields the records whose keys begin with prefix, in the order of the
	// keys' bytes. Changes that are made while the caller iterates may or may
	// not show; what was there throughout shows exactly once. After an error it
	// ends.
	List(ctx context.Context, prefix string) iter.Seq2[Record, error]

	// Apply makes all changes, or none and returns an error: a *ChangeError where
	// CheckChanges finds one, a *ConflictError where a record has another version
	// than a change expects. No changes are no error.
	Apply(ctx context.Context, changes ...Change) error

	// Limits returns how many changes one Apply takes, and how many bytes of keys and
	// values; 0: any number. What is beyond is a *ChangeError, see CheckLimits.
	Limits() (changes, bytes int)

	// Close frees what the store holds. Other calls must have returned.
	Close() error
}

// MaxKeyLen and MaxRecordLen bound a record of a Store, in bytes.
const (
	MaxKeyLen    = rowkey.MaxLen
	MaxRecordLen = 16 << 20
)

// A Record is one entry of a Store.
type Record struct {
	Key     string // 1 to MaxKeyLen bytes, any but NUL
	Version uint64 // 0: there is none; it changes with each change of the record and never comes again for its key
	Value   []byte // at most MaxRecordLen bytes; the caller's own
}

// AnyVersion is the Version of a Change that does not ask what was there.
const AnyVersion = ^uint64(0)

// A Change sets or deletes one record.
type Change struct {
	Key     string
	Version uint64 // that the record must have: 0 that there is none, AnyVersion no matter which
	Value   []byte // copied before Apply returns; meaningless with Delete
	Delete  bool   // to delete what is not there is no error, unless Version says that it is
}

// CheckChanges returns a *ChangeError for changes that no Store takes: a key
// that is empty, too long, has a NUL, or stands twice; a value that is too long.
// A Store asks it before it touches anything.
func CheckChanges(changes []Change) error {
	seen := make(map[string]bool, len(changes))
	for _, c := range changes {
		switch {
		case c.Key == "":
			return &ChangeError{Reason: "a key has at least one byte"}
		case len(c.Key) > MaxKeyLen:
			return &ChangeError{Key: c.Key[:32] + "…", Reason: fmt.Sprintf("a key of %d bytes, more than %d", len(c.Key), MaxKeyLen)}
		case strings.IndexByte(c.Key, 0) >= 0:
			return &ChangeError{Key: c.Key, Reason: "a NUL in the key"}
		case len(c.Value) > MaxRecordLen:
			return &ChangeError{Key: c.Key, Reason: fmt.Sprintf("a value of %d bytes, more than %d", len(c.Value), MaxRecordLen)}
		case seen[c.Key]:
			return &ChangeError{Key: c.Key, Reason: "twice in one batch"}
		}
		seen[c.Key] = true
	}
	return nil
}

// CheckLimits returns a *ChangeError for changes that are more, or have more bytes of keys
// and values, than a Store takes at once; 0: any number.
func CheckLimits(changes []Change, most, bytes int) error {
	if most > 0 && len(changes) > most {
		return &ChangeError{Key: changes[most].Key, Reason: fmt.Sprintf("%d changes at once, more than %d", len(changes), most)}
	}
	size := 0
	for _, c := range changes {
		if size += len(c.Key) + len(c.Value); bytes > 0 && size > bytes {
			return &ChangeError{Key: c.Key, Reason: fmt.Sprintf("with it changes of more than %d bytes at once; it has %d itself", bytes, len(c.Key)+len(c.Value))}
		}
	}
	return nil
}

// A ChangeError is a Change that no Store takes. Nothing was changed.
type ChangeError struct {
	Key    string // cut where it is too long
	Reason string
}

func (e *ChangeError) Error() string {
	return fmt.Sprintf("change of registry record %q: %s", e.Key, e.Reason)
}

// ErrRegistryDamaged is what a Store's errors are, by errors.Is, where its
// contents are damaged.
var ErrRegistryDamaged = isdsc.ErrCacheCorrupted

// A ConflictError is an Apply that came after another writer's. Nothing was
// changed.
type ConflictError struct {
	Key  string
	Want uint64 // the version that the change expected
	Have uint64 // the one that it met

	// Tries is how often a Service tried the change before it gave up; 0 in the error
	// of a Store.
	Tries int
}

func (e *ConflictError) Error() string {
	s := fmt.Sprintf("registry record %s has changed meanwhile (version %d, expected %d)", e.Key, e.Have, e.Want)
	if e.Tries > 0 {
		s += fmt.Sprintf(", and it did so in each of %d tries: other processes keep changing the registry; try again later", e.Tries)
	}
	return s
}

// Retryable reports true, for initiator.Retryable: a later try may meet no other writer.
func (e *ConflictError) Retryable() bool { return true }
