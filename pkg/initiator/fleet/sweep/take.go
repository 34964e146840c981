package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// errGone is a result that went with its host: the shard is granted to another one.
var errGone = errors.New("the host of the results is gone")

// take reads what a host found in a shard, checks it, says that it is read, and yields it.
// Where it is not what it says, the host is taken out of the job, and the shard is granted
// to another one.
func (r *reading) take(ctx context.Context, n int, d marked) error {
	if d.Delivery == nil {
		return r.over(fmt.Sprintf("the leader marked what cannot be read at %s: update discover here and there", r.Keys.Done(r.Job.ID, n)))
	}
	findings, err := r.fetch(ctx, n, d.Delivery)
	lie := (*fleet.ShardError)(nil)
	switch {
	case errors.Is(err, errGone):
		return nil
	case errors.As(err, &lie):
		return r.refuse(ctx, n, d, lie.Error())
	case err != nil:
		return err
	}
	counts, err := r.claim(ctx, n, d)
	if err != nil || !counts {
		return err
	}
	r.read[n], r.changed = true, true
	if !r.yield(&Result{Shard: n, Host: d.Host, Findings: findings}, nil) {
		return errStopped
	}
	return nil
}

// fetch reads the parts and checks them.
func (r *reading) fetch(ctx context.Context, n int, d *fleet.Delivery) ([]fleet.Finding, error) {
	part, _ := r.Job.Shard(n)
	lie := func(why string) error { return &fleet.ShardError{Host: d.Host, Shard: n, Why: why} }
	var parts [][]byte
	for i := range d.Parts {
		key := r.Keys.Result(d.Host, r.Job.ID, n, i)
		got, err := commit(ctx, r.Client, nil, clientv3.OpGet(key), clientv3.OpGet(r.Keys.Offer(d.Host, r.Job.ID), clientv3.WithKeysOnly()))
		if err != nil {
			return nil, explain(r.Client, "read", key, err)
		}
		value, offer := got.Responses[0].GetResponseRange(), got.Responses[1].GetResponseRange()
		switch {
		case len(value.Kvs) > 0 && len(value.Kvs[0].Value) <= fleet.MaxPartLen:
			parts = append(parts, value.Kvs[0].Value)
		case len(value.Kvs) > 0:
			return nil, lie(fmt.Sprintf("a part has %d bytes, more than %d", len(value.Kvs[0].Value), fleet.MaxPartLen))
		case len(offer.Kvs) > 0 && offer.Kvs[0].CreateRevision == d.Offer:
			return nil, lie("a part is missing")
		default:
			return nil, errGone
		}
	}
	return fleet.DecodeFindings(r.Job.ID, n, part, d, parts)
}

// claim says that the results of a shard are read. It reports whether they still count: they
// do not where the shard was granted to another host meanwhile.
func (r *reading) claim(ctx context.Context, n int, d marked) (counts bool, err error) {
	key := r.Keys.Read(r.Job.ID, n)
	for wait := firstWait / 4; ; wait = min(2*wait, lastWait) {
		var done *clientv3.TxnResponse
		asking, cancel := context.WithTimeout(ctx, patience)
		done, err = r.Client.Txn(asking).If(
			clientv3.Compare(clientv3.ModRevision(r.Keys.Done(r.Job.ID, n)), "=", d.revision),
			clientv3.Compare(clientv3.CreateRevision(r.Keys.Job(r.Job.ID)), "=", r.created),
			clientv3.Compare(clientv3.CreateRevision(key), "=", 0),
		).Then(clientv3.OpPut(key, d.Host, clientv3.WithLease(r.life.id))).Else(clientv3.OpGet(key)).Commit()
		cancel()
		if err == nil {
			// An attempt whose answer was lost may have written it: nobody else does.
			return done.Succeeded || done.Responses[0].GetResponseRange().Count > 0, nil
		}
		select {
		case <-ctx.Done():
			return false, explain(r.Client, "write", key, err)
		case <-time.After(wait):
		}
	}
}

// refuse takes a host out of the job, and the mark from its results.
func (r *reading) refuse(ctx context.Context, n int, d marked, why string) error {
	key := r.Keys.Done(r.Job.ID, n)
	b := fleet.Blame{Host: d.Host, Why: why}
	_, err := commit(ctx, r.Client, []clientv3.Cmp{
		clientv3.Compare(clientv3.ModRevision(key), "=", d.revision),
		clientv3.Compare(clientv3.CreateRevision(r.Keys.Job(r.Job.ID)), "=", r.created),
	}, clientv3.OpDelete(key), clientv3.OpPut(r.Keys.Blame(r.Job.ID, d.Host), string(b.Encode()), clientv3.WithLease(r.life.id)))
	return explain(r.Client, "refuse the results of a shard at", key, err)
}
