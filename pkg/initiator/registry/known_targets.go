package registry

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// known yields all targets, hidden ones too. The error of a record that cannot be read
// comes with the name in its key, and others follow; any other is the last.
func (s *Service) known(ctx context.Context) func(yield func(KnownTarget, error) bool) {
	return func(yield func(KnownTarget, error) bool) {
		k := knownTargets{Service: s, ctx: ctx, yield: yield, static: s.unstored(), states: make(map[string]*portalState)}
		_ = k.short() && k.long() && k.rest()
	}
}

// knownTargets is one run through all targets. Its methods report whether it goes on.
type knownTargets struct {
	*Service
	ctx    context.Context
	yield  func(KnownTarget, error) bool
	static map[string]staticRecord // of the Service, as far as they were not yielded
	states map[string]*portalState // by mechanism, as far as they were looked for

	target   KnownTarget // being put together
	name     string      // of it, folded and escaped
	anyLong  bool        // there are records with long keys
	attached map[string]bool
}

// short yields the targets that have records with usual keys. Such a target may have
// other records with long keys.
func (k *knownTargets) short() bool {
	for _, err := range k.cfg.Store.List(k.ctx, rowkey.LongTarget) {
		if err != nil {
			k.yield(KnownTarget{}, err)
			return false
		}
		k.anyLong, k.attached = true, make(map[string]bool)
		break
	}
	for r, err := range k.cfg.Store.List(k.ctx, rowkey.Target) {
		if err == nil {
			err = k.record(r, k.flush)
		}
		if err != nil && !k.failed(r, err) {
			return false
		}
	}
	return k.flush()
}

// long yields the targets that have records with long keys alone.
func (k *knownTargets) long() bool {
	if !k.anyLong {
		return true
	}
	for r, err := range k.cfg.Store.List(k.ctx, rowkey.LongTarget) {
		hash, _, _ := strings.Cut(strings.TrimPrefix(r.Key, rowkey.LongTarget), "/")
		if err == nil && !k.attached[hash] {
			err = k.record(r, k.finish)
		}
		if err != nil && !k.failed(r, err) {
			return false
		}
	}
	return k.finish()
}

// rest yields the static targets that end with the Service and that nothing else knows.
func (k *knownTargets) rest() bool {
	for _, name := range slices.Sorted(maps.Keys(k.static)) {
		r := k.static[name]
		t := KnownTarget{}
		t.add(r.Target, r.mechanism())
		if !k.yield(t, nil) {
			return false
		}
	}
	return true
}

// errLeft is that the caller of known wants no more.
var errLeft = errors.New("the loop over the targets was left")

// failed yields the error of a record.
func (k *knownTargets) failed(r Record, err error) bool {
	if errors.Is(err, errLeft) {
		return false
	}
	return k.yield(KnownTarget{Name: rowkey.TargetName(r.Key)}, err) && oneRecord(err)
}

// record adds a record to the target, after flush of the one before if it is another's.
func (k *knownTargets) record(r Record, flush func() bool) error {
	var found foundRecord
	if err := decode(r, &found); err != nil {
		return err
	}
	if folded := rowkey.FoldedName(found.Name); folded != k.name {
		if !flush() {
			return errLeft
		}
		k.target, k.name = KnownTarget{}, folded
	}
	m, err := k.judge(k.ctx, &found, k.states)
	if err != nil {
		return err
	}
	k.target.add(found.Name, m)
	return nil
}

// flush yields the target with its records that have long keys.
func (k *knownTargets) flush() bool {
	if k.anyLong && k.name != "" {
		hash := rowkey.Hashed(k.name)
		for r, err := range k.cfg.Store.List(k.ctx, rowkey.LongTarget+hash+"/") {
			k.attached[hash] = true
			if err == nil {
				err = k.record(r, k.finish)
			}
			if err != nil && !k.failed(r, err) {
				return false
			}
		}
	}
	return k.finish()
}

// finish yields the target.
func (k *knownTargets) finish() bool {
	t, name := k.target, k.name
	k.target, k.name = KnownTarget{}, ""
	if r, ok := k.static[name]; ok && name != "" {
		t.add(r.Target, r.mechanism())
		delete(k.static, name)
	}
	return t.Name == "" || k.yield(t, nil)
}
