package main

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// refreshRounds is how often a process asks the portals of a registry: one that goes on, as a
// service does, opens the registry once.
const refreshRounds = 10

// refresh compares a refresh of a registry with a scan of the same portals that stores
// nothing: of many small ones, and of a long one, whose answer is always the same or in part
// another each time.
func (s *settings) refresh() error {
	parallel := strconv.Itoa(s.parallel)
	for _, w := range []workload{
		{name: fmt.Sprintf("%d portals of 4 targets that change nothing, %d at once", s.listed, s.parallel), unit: "portal", targets: 4, units: s.listed, kind: s.kind},
		{name: fmt.Sprintf("one portal of %d targets that change nothing", s.long), unit: "target", targets: s.long, units: s.long, kind: s.kind},
		{name: fmt.Sprintf("one portal of %d targets, 1 %% of them with another alias than before", s.long), unit: "target", targets: s.long, units: s.long, kind: churnKind},
	} {
		portals := 1
		if w.unit == "portal" {
			portals = w.units
		}
		file := filepath.Join(s.dir, fmt.Sprintf("registry-%d-%s.db", w.targets, w.kind))
		w.units *= refreshRounds
		w.name += fmt.Sprintf(", %d rounds in a process", refreshRounds)
		w.prepare = func(port string) error { return fillRegistry(file, portals, port) }
		w.all = []contender{
			{name: "scan (Discoverer.DiscoverAll)", args: []string{s.self, "be-the-scanner", file, parallel}},
			{name: "refresh (Service.RefreshAll)", args: []string{s.self, "be-the-refresher", file, parallel}},
		}
		if _, err := w.run(s); err != nil {
			return err
		}
	}
	return nil
}

// rescan asks the portals of a registry, and stores nothing.
func rescan(args []string) error {
	return inRounds(args, func(ctx context.Context, d *initiator.Discoverer, s *registry.Service) iter.Seq[initiator.Result] {
		return d.DiscoverAll(ctx, func(yield func(initiator.SendTargetPortal) bool) {
			for p, err := range s.SendTargetPortals(ctx) {
				if err != nil || !yield(p.SendTargetPortal) {
					return
				}
			}
		})
	})
}

// refreshAll refreshes the portals of a registry.
func refreshAll(args []string) error {
	return inRounds(args, func(ctx context.Context, _ *initiator.Discoverer, s *registry.Service) iter.Seq[initiator.Result] {
		return s.RefreshAll(ctx)
	})
}

// inRounds asks the portals of a registry, in rounds.
func inRounds(args []string, round func(context.Context, *initiator.Discoverer, *registry.Service) iter.Seq[initiator.Result]) error {
	parallel, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	ctx := context.Background()
	store, err := sqlite.Open(ctx, args[0])
	if err != nil {
		return err
	}
	d := &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:bench", Parallel: parallel}
	s, err := registry.Open(registry.Config{Store: store, Discoverer: d})
	if err != nil {
		return err
	}
	defer s.Close()
	for range refreshRounds {
		for r := range round(ctx, d, s) {
			if r.Err != nil {
				return r.Err
			}
		}
	}
	return nil
}

// fillRegistry makes a registry with as many portals as a list of writePortals has.
func fillRegistry(path string, portals int, port string) error {
	tcp, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	ctx := context.Background()
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer store.Close()
	changes := make([]registry.Change, portals)
	for i := range changes {
		addr := fmt.Sprintf("127.1.%d.%d", (i+1)>>8, (i+1)&0xff)
		changes[i] = registry.Change{
			Key:   fmt.Sprintf("portal/%s/%05d//4294967295", addr, tcp),
			Value: fmt.Appendf(nil, `{"instance":"","port":4294967295,"address":%q,"tcp_port":%d,"login":{},"added":"2026-11-29T12:00:00Z"}`, addr, tcp),
		}
	}
	return store.Apply(ctx, changes...)
}
