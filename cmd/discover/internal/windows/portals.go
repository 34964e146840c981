package windows

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// addTargetPortal stores a portal and asks it.
func (t *tool) addTargetPortal(ctx context.Context, q *iscsicli.AddTargetPortal) (end ending, err error) {
	if err := t.password(ctx, &q.Login); err != nil {
		return end, err
	}
	p := q.Portal
	p.Login = q.Login.Options
	return t.asking(ctx, app.CreateIfMissing, &t.run, p.Security, func(s *registry.Service) (ending, error) {
		if t.Global.DryRun {
			checked, err := s.CheckSendTargetPortal(ctx, p)
			if err != nil {
				return ending{}, err
			}
			listed, err := s.Listed(ctx, checked.Key())
			what := "stored"
			if listed {
				what = "replaced all options of"
			}
			t.print().Line("Dry run: would have %s %s, and asked it.", what, terminal.Escape(checked.Key().String()))
			return ending{}, err
		}
		r, err := s.AddSendTargetPortal(ctx, p)
		var usage *exit.UsageError
		if errors.As(err, &usage) {
			return ending{}, err // of --key, which is asked for when there is something to seal
		}
		t.tell(&r)
		if r.Err != nil && r.Stored {
			t.Say("%s is stored in the registry nevertheless; see ListTargetPortals", r.Asked.Key())
		}
		return asked(&r), nil
	})
}

// refreshTargetPortal asks a portal again.
func (t *tool) refreshTargetPortal(ctx context.Context, key initiator.Key) (ending, error) {
	return t.asking(ctx, app.CreateIfMissing, t.run.OfRefresh(), 0, func(s *registry.Service) (ending, error) {
		if t.Global.DryRun {
			t.print().Line("Dry run: would have asked %s.", terminal.Escape(key.String()))
			return ending{}, nil
		}
		t.NoteUnlisted(ctx, s, key)
		r, _ := s.RefreshSendTargetPortal(ctx, key)
		t.tell(&r)
		return asked(&r), nil
	})
}

// listTargetPortals lists the entries of the registry.
func (t *tool) listTargetPortals(ctx context.Context) (ending, error) {
	return t.onRegistry(ctx, app.ReadOnly, func(s *registry.Service) error {
		var portals []registry.StoredPortal
		var unread []error
		for p, err := range s.SendTargetPortals(ctx) {
			if err != nil {
				unread = append(unread, err)
				continue
			}
			portals = append(portals, p)
		}
		t.print().Portals(portals)
		return errors.Join(unread...)
	})
}

// asking opens the registry for a verb that asks portals and has an ending of its own.
// given are the security flags that a portal is to be asked under.
func (t *tool) asking(ctx context.Context, a app.Access, run *flags.Run, given ipsec.Flags, use func(*registry.Service) (ending, error)) (end ending, err error) {
	err = t.WithAsking(ctx, a, run, flags.NewIPsec(given), func(s *registry.Service) (err error) {
		end, err = use(s)
		return err
	})
	return end, err
}

// tell says what is to be said about a result.
func (t *tool) tell(r *initiator.Result) {
	t.LogResult(r)
	t.NoteName(r)
	n := &render.Notes{Say: t.Say, Flush: func() error { return nil }}
	_ = n.Portal(r) // it can only fail to flush
	_ = n.End(nil)
}

// asked is the ending of one portal.
func asked(r *initiator.Result) ending {
	if r.Err == nil {
		return ending{}
	}
	return ending{initiator.Code(r.Err), exit.Failed}
}

// together is the ending of several portals. Where none answered it is that of
// the last.
func together(asked, failed int, last error) ending {
	switch {
	case failed == 0:
		return ending{}
	case failed < asked:
		return ending{isdsc.OperationNotAllSuccess, exit.Partly}
	}
	return ending{initiator.Code(last), exit.Failed}
}
