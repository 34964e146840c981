package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Sizes for tests.
const (
	InlineMax = inlineMax
	PartLen   = partLen
)

// SetTTL sets how long the parts of a writer that died stay; whole seconds.
func (s *Store) SetTTL(d time.Duration) { s.ttl = d }

// SetCompare sets how often a watch asks for etcd's revision.
func (s *Store) SetCompare(d time.Duration) { s.compare = d }

// Sweep removes parts that were left behind.
func (s *Store) Sweep(ctx context.Context) { s.sweep(ctx) }

// A Staged is values in parts that were written and are not set yet.
type Staged struct {
	s *Store
	b *batch
}

// Stage writes the parts of changes.
func (s *Store) Stage(ctx context.Context, changes ...registry.Change) (*Staged, error) {
	b := newBatch(changes)
	return &Staged{s, b}, s.stage(ctx, b)
}

// Commit sets the values.
func (p *Staged) Commit(ctx context.Context) error { return p.s.commit(ctx, p.b) }

// Renew is what a writer does that wrote its last parts long ago.
func (p *Staged) Renew(ctx context.Context) error {
	p.b.renewed = time.Time{}
	return p.s.stagePuts(ctx, p.b, nil)
}

// Die is what becomes of a writer's lease when it has died.
func (p *Staged) Die(ctx context.Context) error {
	_, err := p.s.client.Revoke(ctx, p.b.lease)
	return err
}

// ErrStagedGone is parts that another writer has removed.
var ErrStagedGone = errStagedGone

// IsForeign reports whether Changes tells of a change.
func (s *Store) IsForeign(e *clientv3.Event) bool { return s.isForeign(e) }
