package etcd

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// DefaultPageKeys is Most of [Pages] that have none.
const DefaultPageKeys = 64

// endOfKeys is what etcd calls the end of all keys, where a range ends, and what
// clientv3.GetPrefixRangeEnd returns for a prefix that has no other end.
const endOfKeys = "\x00"

// Pages reads ranges of keys in pages. A page that is larger than [MaxAnswerLen] is asked
// for again with fewer keys, so that some large values do not hide the keys beside them.
type Pages struct {
	Client  *clientv3.Client
	Most    int64               // keys of a page, at most; 0: DefaultPageKeys
	Within  time.Duration       // how long the answer to one page may take; 0: DefaultRequestTimeout
	Options []clientv3.OpOption // of each request, such as clientv3.WithKeysOnly

	// Behind returns where the page behind a key begins; "\x00": there is nothing more to
	// read. nil: at the next key.
	Behind func(key string) string
}

// Read calls each with the keys from from up to to, without to itself, in order, as they
// were at a revision; 0: now. to "\x00" is the end of all keys, as etcd has it. Read returns
// that revision. Where to is not greater than from, it asks etcd nothing, and returns
// revision. The error is etcd's own: see [ExplainFrom].
func (p *Pages) Read(ctx context.Context, from, to string, revision int64, each func(*mvccpb.KeyValue)) (int64, error) {
	most := cmp.Or(p.Most, DefaultPageKeys)
	for limit := most; from < to || to == endOfKeys; limit = min(2*limit, most) {
		page, err := p.page(ctx, from, to, revision, &limit)
		if err != nil {
			return 0, err
		}
		if revision == 0 {
			revision = page.Header.Revision
		}
		for _, kv := range page.Kvs {
			each(kv)
		}
		if !page.More || len(page.Kvs) == 0 {
			break
		}
		if from = p.behind(string(page.Kvs[len(page.Kvs)-1].Key)); from == endOfKeys {
			break // to etcd it would be the first key
		}
	}
	return revision, nil
}

// page reads one page, and makes limit smaller where it is too large.
func (p *Pages) page(ctx context.Context, from, to string, revision int64, limit *int64) (*clientv3.GetResponse, error) {
	for {
		asking, cancel := context.WithTimeout(ctx, cmp.Or(p.Within, DefaultRequestTimeout))
		opts := append(p.Options[:len(p.Options):len(p.Options)], clientv3.WithRange(to), clientv3.WithLimit(*limit), clientv3.WithRev(revision))
		page, err := p.Client.Get(asking, from, opts...)
		cancel()
		if *limit <= 1 || !IsTooLarge(err) {
			return page, err
		}
		*limit = max(1, *limit/8)
	}
}

func (p *Pages) behind(key string) string {
	if p.Behind != nil {
		return p.Behind(key)
	}
	return key + "\x00"
}

// IsTooLarge reports an answer that is larger than a client of [Dial] takes.
func IsTooLarge(err error) bool {
	said := (*Error)(nil)
	return errors.As(Explain("", err), &said) && said.State == TooLarge
}

// ErrWatchEnded is a watch that ended without a reason, as when the client is closed.
var ErrWatchEnded = errors.New("the watch ended")

// WatchError returns why a watch ended, of what its channel gave; nil: it goes on. A watch
// that etcd cancelled has an error of etcd's in r.
func WatchError(r clientv3.WatchResponse, open bool) error {
	if err := r.Err(); err != nil {
		return err
	}
	if !open {
		return ErrWatchEnded
	}
	return nil
}
