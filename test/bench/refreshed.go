package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// refresh compares a refresh of a registry with a scan of the same portals: of many small
// ones, and of a long one, whose answer is always the same or in part another each time.
func (s *settings) refresh() error {
	list, err := s.file("listed", s.listed)
	if err != nil {
		return err
	}
	one, err := s.file("one", 1)
	if err != nil {
		return err
	}
	for _, w := range []struct {
		name, unit string
		portals    int
		list       string
		targets    int
		kind       string
		units      int
	}{
		{fmt.Sprintf("%d portals of 4 targets that change nothing, %d at once", s.listed, s.parallel), "portal", s.listed, list, 4, s.kind, s.listed},
		{fmt.Sprintf("one portal of %d targets that change nothing", s.long), "target", 1, one, s.long, s.kind, s.long},
		{fmt.Sprintf("one portal of %d targets, 1 %% of them with another alias than before", s.long), "target", 1, one, s.long, churnKind, s.long},
	} {
		file := filepath.Join(s.dir, fmt.Sprintf("registry-%d-%s.db", w.targets, w.kind))
		with := []string{"--parallel", strconv.Itoa(s.parallel), "-o", "jsonl", "--registry", file}
		l := workload{
			name: w.name, unit: w.unit, targets: w.targets, units: w.units, kind: w.kind,
			prepare: func(port string) error { return fillRegistry(file, w.portals, port) },
			all: []contender{
				{name: "discover scan -o jsonl", args: append([]string{s.command, "scan", "@" + w.list, "--tcp-port", "PORT"}, with...)},
				{name: "discover portal refresh -o jsonl", args: append([]string{s.command, "portal", "refresh"}, with...)},
			},
		}
		if _, err := l.run(s); err != nil {
			return err
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
