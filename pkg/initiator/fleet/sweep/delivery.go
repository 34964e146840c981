package sweep

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A delivery asks one shard, and writes what was found.
type delivery struct {
	*session
	work     *work
	number   int
	part     fleet.Shard
	grant    *fleet.Grant
	revision int64 // of the grant
}

// run returns what keeps this host from taking part; nil: nothing, or ctx ended.
func (d *delivery) run(ctx context.Context) error {
	select {
	case d.room <- struct{}{}:
		defer func() { <-d.room }()
	case <-ctx.Done():
		return nil
	}
	all := d.ask(ctx)
	if ctx.Err() != nil || d.life.isOver() {
		return nil
	}
	a, err := fleet.EncodeFindings(d.work.job.ID, d.number, d.part, all)
	if err != nil {
		return err
	}
	for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, lastWait) {
		err = d.write(ctx, a)
		if err == nil || errors.Is(err, errSuperseded) {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}

// ask asks the shard. Lists beyond what one answer may have are left out.
func (d *delivery) ask(ctx context.Context) []fleet.Finding {
	all := make([]fleet.Finding, 0, d.part.Count())
	targets := 0
	for f := range d.cfg.Ask(ctx, d.work.job, d.portals(ctx)) {
		if targets += len(f.Targets); targets > fleet.MaxTargets {
			f.Omitted, f.Targets = true, nil
		}
		if all = append(all, f); len(all) > d.part.Count() {
			break // it is refused
		}
	}
	return all
}

// portals yields the portals of the shard, as long as this host may ask them.
func (d *delivery) portals(ctx context.Context) iter.Seq[netip.AddrPort] {
	return func(yield func(netip.AddrPort) bool) {
		for i := range d.part.Count() {
			if ctx.Err() != nil || d.life.isOver() || !yield(d.part.At(i)) {
				return
			}
		}
	}
}

// errSuperseded is a grant that was replaced, or an offer that is gone.
var errSuperseded = errors.New("the shard was given to another host")

// write writes the parts, and with the last one that they are all.
func (d *delivery) write(ctx context.Context, a *fleet.Answer) error {
	id, host := d.work.job.ID, d.cfg.Name
	fences := []clientv3.Cmp{d.fence(d.work), clientv3.Compare(clientv3.ModRevision(d.cfg.Keys.Grant(id, d.number)), "=", d.revision)}
	for n, p := range a.Parts {
		ops := []clientv3.Op{clientv3.OpPut(d.cfg.Keys.Result(host, id, d.number, n), string(p), clientv3.WithLease(d.life.id))}
		if n == len(a.Parts)-1 {
			said := fleet.Delivery{Host: host, Offer: d.grant.Offer, Number: d.grant.Number, Digest: a.Digest, Parts: len(a.Parts), Found: a.Targets}
			ops = append(ops, clientv3.OpPut(d.cfg.Keys.Delivered(host, id, d.number), string(said.Encode()), clientv3.WithLease(d.life.id)))
		}
		done, err := commit(ctx, d.cfg.Client, fences, ops...)
		if err != nil {
			return err
		}
		if !done.Succeeded {
			return errSuperseded
		}
	}
	return nil
}
