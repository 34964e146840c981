package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/test/fleetsim"
)

// flocked says how large a fleet is that is simulated, and where.
type flocked struct {
	fleetsim.Size
	readers, changes, intervals int
	boot                        time.Duration
	etcd                        string
	short                       bool
}

// fleetFlags defines the flags of the comparison of fleets.
func (s *settings) fleetFlags() {
	f := &s.flocked
	flag.IntVar(&f.Hosts, "hosts", 10000, "hosts of the fleet")
	flag.IntVar(&f.Portals, "each", 8, "portals of each host of it")
	flag.IntVar(&f.Targets, "at", 500, "targets at each of these portals")
	flag.IntVar(&f.Lists, "lists", 50, "different lists of targets that hosts see")
	flag.IntVar(&f.Clients, "clients", 100, "connections to etcd that hosts share")
	flag.IntVar(&f.readers, "readers", 10, "readers of the fleet")
	flag.IntVar(&f.changes, "changes", 20, "single changes of which readers are to hear")
	flag.IntVar(&f.intervals, "rest", 2, "intervals (-every) of rest")
	flag.DurationVar(&f.boot, "boot", time.Minute, "within which hosts begin, each at any time; 0: at once")
	flag.BoolVar(&f.short, "short", false, "of a fleet no more than the start, the rest and the sizes")
	flag.StringVar(&f.etcd, "etcd", "etcd", "programs of etcd servers, separated by commas")
}

// A flock is a fleet that is measured.
type flock struct {
	*flocked
	etcd   *store
	keys   fleet.Keys
	hosts  *fleetsim.Fleet
	leads  []*leading
	last   reading
	floorT float64 // seconds that the floor took
	floorC float64 // seconds of CPU that etcd took for it
	looks  []*looking
}

// fleetOf measures a fleet on each etcd.
func (s *settings) fleetOf() error {
	s.flocked.Every = s.every
	for _, program := range strings.Split(s.flocked.etcd, ",") {
		if err := s.fleetOn(program); err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
	}
	return nil
}

func (s *settings) fleetOn(program string) error {
	etcd, err := s.startStore(program)
	if err != nil {
		return err
	}
	defer etcd.process.Kill()
	keys, err := fleet.NewKeys("bench")
	if err != nil {
		return err
	}
	ctx := context.Background()
	f := &flock{flocked: &s.flocked, etcd: etcd, keys: keys}
	version, err := etcd.client.Status(ctx, etcd.url)
	if err != nil {
		return err
	}
	fmt.Printf("\netcd %s: %d hosts × %d portals × %d targets, %d lists, %d connections, interval %s, %d processors\n", version.Version, f.Hosts, f.Portals, f.Targets, f.Lists, f.Clients, f.Every, runtime.NumCPU())
	if f.last, err = etcd.read(ctx); err != nil {
		return err
	}
	steps := []func(context.Context) error{f.floor, f.start, f.sizes, f.rest}
	if !f.short {
		steps = append(steps, f.firstLists, f.oneChange, f.allChange, f.successor, f.powerCut, f.longPowerCut, f.sizes)
	}
	defer f.end()
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// end ends what still runs.
func (f *flock) end() {
	for _, l := range f.looks {
		l.end()
	}
	for _, l := range f.leads {
		l.end()
	}
	if f.hosts != nil {
		f.hosts.PowerOff()
	}
}

// mark begins a step.
func (f *flock) mark(ctx context.Context) (err error) {
	f.last, err = f.etcd.read(ctx)
	return err
}

// say prints what a step took since mark.
func (f *flock) say(ctx context.Context, what string, more ...any) error {
	now, err := f.etcd.read(ctx)
	if err != nil {
		return err
	}
	was := f.last
	fmt.Printf("%-46s %7.1f s, etcd %6.2f s CPU, here %6.2f s CPU, %6.0f revisions, %6.0f puts, etcd %4.0f MiB resident, sent %5.1f MiB", what,
		now.at.Sub(was.at).Seconds(), now.cpu-was.cpu, now.own-was.own, now.revision-was.revision, now.puts-was.puts, now.resident/(1<<20), (now.sent-was.sent)/(1<<20))
	for _, m := range more {
		fmt.Print("; ", m)
	}
	fmt.Println()
	f.last = now
	return nil
}

// sizes prints what is stored: as it is, and without history.
func (f *flock) sizes(ctx context.Context) error {
	all, _, err := fleetsim.Count(ctx, f.etcd.client, f.keys)
	if err != nil {
		return err
	}
	for _, k := range []struct {
		kind fleet.Kind
		name string
	}{{fleet.KindInfo, "info"}, {fleet.KindPath, "path"}, {fleet.KindKnown, "known"}, {fleet.KindCopy, "part of a list"}, {fleet.KindPart, "part at a host"}, {fleet.KindWant, "want"}} {
		if s := all[k.kind]; s.Keys > 0 {
			fmt.Printf("  %-16s %6d keys, %10d bytes, %6.0f each\n", k.name, s.Keys, s.Bytes, float64(s.Bytes)/float64(s.Keys))
		}
	}
	before, err := f.etcd.read(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := f.etcd.tidy(ctx); err != nil {
		return err
	}
	after, err := f.etcd.read(ctx)
	if err != nil {
		return err
	}
	sum := fleetsim.Sum(all)
	fmt.Printf("  all              %6d keys, %10d bytes; file %.1f MB (in use %.1f); compacted and defragmented in %.1f s: file %.1f MB, %.2f of the bytes\n",
		sum.Keys, sum.Bytes, before.file/1e6, before.inUse/1e6, time.Since(begin).Seconds(), after.file/1e6, after.file/float64(sum.Bytes))
	return f.mark(ctx)
}
