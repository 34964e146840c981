package view

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// maxCached is how many targets of answers a Reader keeps, all together. One takes some 300
// bytes.
const maxCached = 1 << 18

// A MissingError is an answer of which etcd has no list of targets: the leader did not copy
// it yet, or no host leads.
type MissingError struct{ Digest fleet.Digest }

func (e *MissingError) Error() string {
	return fmt.Sprintf("the list of answer %.12s… is not in etcd: a host that leads copies it within some intervals", e.Digest)
}

// Answer returns the targets of an answer, in order of their names. The caller must not
// change them. The error is a *MissingError, a *fleet.LieError, or etcd's.
func (r *Reader) Answer(ctx context.Context, d fleet.Digest) ([]target.Target, error) {
	if targets, ok := r.answers.get(d); ok {
		return targets, nil
	}
	parts, err := r.readParts(ctx, d)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, &MissingError{d}
	}
	targets, err := fleet.Decode(d, parts)
	if err != nil {
		return nil, err
	}
	r.answers.add(d, targets)
	return targets, nil
}

// readParts reads the parts of a copy as they were at one revision: from the first until one
// is not there. It reads one at a time, so that memory is bounded whoever wrote them.
func (r *Reader) readParts(ctx context.Context, d fleet.Digest) ([][]byte, error) {
	var parts [][]byte
	revision := int64(0)
	for {
		part, err := r.readPart(ctx, r.keys.Copied(d, len(parts)), &revision)
		switch {
		case err != nil:
			return nil, err
		case part == nil:
			return parts, nil
		case len(parts) == fleet.MaxParts:
			return nil, &fleet.LieError{Digest: d, Why: fmt.Sprintf("it has more than %d parts", fleet.MaxParts)}
		case len(part) > fleet.MaxPartLen:
			return nil, &fleet.LieError{Digest: d, Why: fmt.Sprintf("a part has %d bytes, more than %d", len(part), fleet.MaxPartLen)}
		}
		parts = append(parts, part)
	}
}

// readPart reads a part as it was at a revision, or now where that is 0; nil: there is none.
func (r *Reader) readPart(ctx context.Context, key string, revision *int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := r.client.Get(ctx, key, clientv3.WithRev(*revision))
	if err != nil {
		return nil, r.explain("read an answer of the fleet", key, err)
	}
	if *revision == 0 {
		*revision = got.Header.Revision
	}
	if len(got.Kvs) == 0 {
		return nil, nil
	}
	return append([]byte{}, got.Kvs[0].Value...), nil
}

// answers keeps the answers that were read last, maxCached targets at most. Its zero value is
// empty.
type answers struct {
	mu    sync.Mutex
	all   map[fleet.Digest]*list.Element // guarded by mu; of kept
	order list.List                      // guarded by mu; the last used first
	count int                            // guarded by mu; of targets
}

type kept struct {
	digest  fleet.Digest
	targets []target.Target
}

func (a *answers) get(d fleet.Digest) ([]target.Target, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.all[d]
	if e == nil {
		return nil, false
	}
	a.order.MoveToFront(e)
	return e.Value.(*kept).targets, true
}

func (a *answers) add(d fleet.Digest, targets []target.Target) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all[d] != nil || len(targets) > maxCached {
		return
	}
	if a.all == nil {
		a.all = map[fleet.Digest]*list.Element{}
	}
	a.all[d] = a.order.PushFront(&kept{d, targets})
	a.count += len(targets) + 1
	for a.count > maxCached {
		last := a.order.Remove(a.order.Back()).(*kept)
		delete(a.all, last.digest)
		a.count -= len(last.targets) + 1
	}
}
