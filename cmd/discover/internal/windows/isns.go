package windows

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/cmd/discover/internal/isnsverbs"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// addISNSServer stores an iSNS server and asks it.
func (t *tool) addISNSServer(ctx context.Context, server initiator.Portal) (ending, error) {
	v := registry.ISNSServer{Address: server}
	return t.asking(ctx, app.CreateIfMissing, &t.run, 0, func(s *registry.Service) (ending, error) {
		if t.Global.DryRun {
			checked, err := s.CheckISNSServer(ctx, v)
			if err == nil {
				t.print().Line("Dry run: would have stored iSNS server %s, and asked it.", terminal.Escape(checked.Address.String()))
			}
			return ending{}, err
		}
		r, err := s.AddISNSServer(ctx, v)
		var usage *exit.UsageError
		if errors.As(err, &usage) {
			return ending{}, err
		}
		isnsverbs.SayWarnings(t.Command, &r)
		if r.Err != nil && r.Stored {
			t.Say("%s is stored in the registry nevertheless; see ListiSNSServers", r.Server.Address)
		}
		return askedISNS(&r), nil
	})
}

// refreshISNSServer asks an iSNS server of the registry again, or all where none is given.
func (t *tool) refreshISNSServer(ctx context.Context, server initiator.Portal) (ending, error) {
	return t.asking(ctx, app.Existing, t.run.OfRefresh(), 0, func(s *registry.Service) (ending, error) {
		all := server == initiator.Portal{}
		switch {
		case t.Global.DryRun && all:
			t.print().Line("Dry run: would have asked all iSNS servers.")
			return ending{}, nil
		case t.Global.DryRun:
			t.print().Line("Dry run: would have asked iSNS server %s.", terminal.Escape(server.String()))
			return ending{}, nil
		case all:
			return together(t.refreshISNSServers(ctx, s)), nil
		}
		r, _ := s.RefreshISNSServer(ctx, server)
		isnsverbs.SayWarnings(t.Command, &r)
		return askedISNS(&r), nil
	})
}

// refreshISNSServers asks all iSNS servers of the registry.
func (t *tool) refreshISNSServers(ctx context.Context, s *registry.Service) (asked, failed int, last error) {
	for r := range s.RefreshISNSServers(ctx) {
		asked++
		isnsverbs.SayWarnings(t.Command, &r)
		if r.Err != nil {
			failed++
			last = r.Err
		}
	}
	return asked, failed, last
}

// listISNSServers lists the iSNS servers of the registry.
func (t *tool) listISNSServers(ctx context.Context) (ending, error) {
	return t.onRegistry(ctx, app.ReadOnly, func(s *registry.Service) error {
		var names []string
		var unread []error
		for v, err := range s.ISNSServers(ctx) {
			if err != nil {
				unread = append(unread, err)
				continue
			}
			names = append(names, v.Address.String())
		}
		if len(names) == 0 {
			t.print().Line("There are no iSNS servers.")
		} else {
			t.print().List("iSNS Servers List:", names...)
		}
		return errors.Join(unread...)
	})
}

// askedISNS is the ending of one iSNS server.
func askedISNS(r *registry.ISNSResult) ending {
	if r.Err == nil {
		return ending{}
	}
	return ending{initiator.Code(r.Err), exit.Failed}
}
