package verbs

import (
	"context"
	"iter"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/isnsverbs"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A refreshing is a verb that shows what the registry knows, and may ask all its portals
// first.
type refreshing struct {
	*command
	refresh bool
	only    func(initiator.Portal) bool // which portals are asked; nil: all of the registry
	run     flags.Run

	asked  int
	failed render.FailedResults
}

func (c *command) newRefreshing() *refreshing {
	return &refreshing{command: c, run: flags.Run{Retries: flags.RefreshRetries}, failed: render.FailedResults{Room: c.Room.Waiting}}
}

// flagSet defines the flag that asks first.
func (f *refreshing) flagSet() *pflag.FlagSet {
	fs := flags.NewSet()
	fs.BoolVar(&f.refresh, "refresh", false, "ask portals and iSNS servers of the registry first")
	return fs
}

// with opens the registry, asks where that is wanted, and shows what is known.
func (f *refreshing) with(ctx context.Context, show func(context.Context, *registry.Service) error) error {
	if !f.refresh {
		if f.run.Capture != "" || f.run.CaptureSecrets {
			return exit.Usagef("--capture needs --refresh: without it, nothing is sent")
		}
		return f.WithService(ctx, app.ReadOnly, f.NewDiscoverer(nil), func(s *registry.Service) error { return show(ctx, s) })
	}
	return f.WithAsking(ctx, app.Existing, &f.run, &flags.IPsec{}, func(s *registry.Service) error {
		f.ask(ctx, s)
		// What is known is shown also where the context has ended meanwhile.
		return show(context.WithoutCancel(ctx), s)
	})
}

// ask asks all iSNS servers, and then all portals: what a server says of the security of
// portals counts at once. Those that do not answer cost nothing that is known.
func (f *refreshing) ask(ctx context.Context, s *registry.Service) {
	if f.only == nil {
		f.askISNS(ctx, s)
	}
	notes := &render.Notes{Say: f.Say, Flush: func() error { return nil }}
	names := &machine.InterfaceNames{List: f.Interfaces}
	for r := range f.results(ctx, s) {
		f.LogResult(&r)
		f.NoteName(&r)
		f.asked++
		if f.ForPeople() {
			_ = notes.Portal(&r)
		}
		if r.Err != nil {
			f.failed.Add(&r, jsonitem.NewResult(&r, names))
		}
	}
	_ = notes.End(nil)
}

// askISNS asks the iSNS servers of the registry.
func (f *refreshing) askISNS(ctx context.Context, s *registry.Service) {
	for r := range s.RefreshISNSServers(ctx) {
		f.asked++
		if f.ForPeople() {
			isnsverbs.SayWarnings(f.Command, &r)
		}
		if r.Err != nil {
			j := jsonitem.NewFailure(r.Err)
			if r.Server.Address.Address != "" {
				j.OfISNSServer(r.Server.Address, isnsverbs.StageOf(r.Err))
			}
			f.failed.All = append(f.failed.All, render.FailedWith(j).All...)
		}
	}
}

// results asks the portals of the registry, or those alone that are wanted.
func (f *refreshing) results(ctx context.Context, s *registry.Service) iter.Seq[initiator.Result] {
	if f.only == nil {
		f.ExpectAll(ctx, s)
		return s.RefreshAll(ctx)
	}
	var keys []initiator.Key
	for p := range s.SendTargetPortals(ctx) { // what cannot be read is told by the list
		if p.Portal.Address != "" && f.only(p.Portal) {
			keys = append(keys, p.Key())
		}
	}
	f.Progress.Expect(len(keys))
	return s.Refresh(ctx, keys)
}
