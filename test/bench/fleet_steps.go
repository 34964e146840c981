package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/test/fleetsim"
)

// floor writes as many keys of the same sizes as all hosts do, each host's under a lease, in
// one transaction, and nothing else.
func (f *flock) floor(ctx context.Context) error {
	var clients []*clientv3.Client
	for range f.Clients {
		c, err := f.etcd.dial()
		if err != nil {
			return err
		}
		defer c.Close()
		clients = append(clients, c)
	}
	if err := f.mark(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	failed := make(chan error, f.Hosts)
	places := make(chan struct{}, 1000) // etcd refuses more than 5,000 requests at once
	for i := range f.Hosts {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if err := f.barePuts(ctx, clients[i%len(clients)], i); err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	if len(failed) > 0 {
		return <-failed
	}
	before := f.last
	if err := f.say(ctx, "floor: a lease and one transaction a host"); err != nil {
		return err
	}
	f.floorT, f.floorC = f.last.at.Sub(before.at).Seconds(), f.last.cpu-before.cpu
	err := patient(func() error { _, err := f.etcd.client.Delete(ctx, "/floor/", clientv3.WithPrefix()); return err })
	return cmp.Or(err, f.etcd.tidy(ctx))
}

// barePuts writes what host i does, in size.
func (f *flock) barePuts(ctx context.Context, client *clientv3.Client, i int) error {
	const key, info, path = "/floor/discover/v1/bench/host/host-%05d.storage.example/%02d", 420, 270
	lease, err := client.Grant(ctx, int64(3*f.Every/time.Second))
	if err != nil {
		return err
	}
	ops := []clientv3.Op{clientv3.OpPut(fmt.Sprintf(key, i, 0), string(make([]byte, info)), clientv3.WithLease(lease.ID))}
	for p := range f.Portals {
		ops = append(ops, clientv3.OpPut(fmt.Sprintf(key, i, p+1), string(make([]byte, path)), clientv3.WithLease(lease.ID)))
	}
	_, err = client.Txn(ctx).Then(ops...).Commit()
	return err
}

// start starts all hosts at once, and two candidates for the leadership, and waits until all
// is there.
func (f *flock) start(ctx context.Context) error {
	if err := f.begin(ctx); err != nil {
		return err
	}
	for i := range 2 {
		l, err := f.lead(fmt.Sprintf("lead%d", i))
		if err != nil {
			return err
		}
		f.leads = append(f.leads, l)
	}
	look, err := f.look()
	if err != nil {
		return err
	}
	f.looks = append(f.looks, look)
	begin := time.Now()
	if err := look.await(ctx, f.isWhole); err != nil {
		return err
	}
	paths := time.Since(begin)
	if err := f.awaitCopies(ctx); err != nil {
		return err
	}
	was := f.last
	if err := f.say(ctx, fmt.Sprintf("start of all hosts within %s", f.boot), fmt.Sprintf("%.1f s until a reader sees all paths", paths.Seconds())); err != nil {
		return err
	}
	fmt.Printf("  to the floor: %.2f in time, %.2f in etcd's CPU\n", paths.Seconds()/f.floorT, (f.last.cpu-was.cpu)/f.floorC)
	return nil
}

// begin prepares hosts, and starts them.
func (f *flock) begin(ctx context.Context) error {
	begin, cpu := time.Now(), ownCPU()
	var err error
	if f.hosts, err = fleetsim.New(f.Size, f.keys, f.etcd.dial); err != nil {
		return err
	}
	fmt.Printf("  hosts asked their portals for the first time: %.1f s, %.2f ms CPU a host\n", time.Since(begin).Seconds(), 1e3*(ownCPU()-cpu)/float64(f.Hosts))
	if err := f.mark(ctx); err != nil {
		return err
	}
	f.hosts.Start(f.boot)
	return nil
}

// rest lets hosts ask their portals, which answer as before.
func (f *flock) rest(ctx context.Context) error {
	if err := f.mark(ctx); err != nil {
		return err
	}
	var rounds float64
	for range f.intervals {
		end := time.Now().Add(f.Every)
		cpu := ownCPU()
		f.hosts.Round()
		rounds += ownCPU() - cpu
		time.Sleep(time.Until(end))
	}
	n := float64(f.Hosts * f.intervals)
	return f.say(ctx, fmt.Sprintf("rest, %d intervals", f.intervals), fmt.Sprintf("%.3f ms CPU of a host for its answers in an interval", 1e3*rounds/n))
}

// oneChange has one host see one portal fail, and recover, again and again.
func (f *flock) oneChange(ctx context.Context) error {
	for len(f.looks) < f.readers {
		l, err := f.look()
		if err != nil {
			return err
		}
		f.looks = append(f.looks, l)
	}
	for _, l := range f.looks {
		if err := l.await(ctx, f.isWhole); err != nil {
			return err
		}
	}
	if err := f.mark(ctx); err != nil {
		return err
	}
	var took []time.Duration
	for n := range f.changes {
		i := n * 37 % f.Hosts
		begin := time.Now()
		f.hosts.Fail(i, 1)
		for _, l := range f.looks {
			if err := l.await(ctx, failing(1, n+1)); err != nil {
				return err
			}
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return f.say(ctx, fmt.Sprintf("%d single changes, seen by %d readers", f.changes, len(f.looks)),
		fmt.Sprintf("%.2f s until all have seen it, at most %.2f s", took[len(took)/2].Seconds(), took[len(took)-1].Seconds()))
}

// allChange has all hosts see one portal fail at once.
func (f *flock) allChange(ctx context.Context) error {
	for i := range f.Hosts {
		f.hosts.Fail(i, 0)
	}
	for _, l := range f.looks {
		if err := l.await(ctx, failing(0, f.Hosts)); err != nil {
			return err
		}
	}
	return f.say(ctx, fmt.Sprintf("a portal fails for all, seen by %d readers", len(f.looks)))
}

// successor ends the leader without a word, and waits for the next one.
func (f *flock) successor(ctx context.Context) error {
	if err := f.mark(ctx); err != nil {
		return err
	}
	first := f.leader()
	first.kill()
	for _, l := range f.leads {
		if l != first {
			if err := l.await(ctx, f.Lists); err != nil {
				return err
			}
		}
	}
	return f.say(ctx, "the leader dies; another has taken over")
}

// powerCut ends all hosts at once, and starts them before their leases end.
func (f *flock) powerCut(ctx context.Context) error {
	f.hosts.PowerOff()
	if err := f.begin(ctx); err != nil {
		return err
	}
	if err := f.awaitHosts(ctx); err != nil {
		return err
	}
	return f.say(ctx, fmt.Sprintf("all hosts restart within %s, before their leases end", f.boot))
}

// longPowerCut ends all hosts at once, and starts them when all are silent.
func (f *flock) longPowerCut(ctx context.Context) error {
	if err := f.mark(ctx); err != nil {
		return err
	}
	f.hosts.PowerOff()
	if err := f.looks[0].await(ctx, f.allSilent); err != nil {
		return err
	}
	if err := f.say(ctx, "all hosts lose power; all are noted as silent", fmt.Sprintf("a lease has %s", max(3*f.Every, 15*time.Second))); err != nil {
		return err
	}
	if err := f.begin(ctx); err != nil {
		return err
	}
	if err := f.looks[0].await(ctx, f.isWhole); err != nil {
		return err
	}
	return f.say(ctx, fmt.Sprintf("they come back within %s", f.boot))
}

// awaitHosts waits until no host has anything to write.
func (f *flock) awaitHosts(ctx context.Context) error {
	for {
		n, err := f.hosts.Connected()
		if n == f.Hosts {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
