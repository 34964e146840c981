package openiscsi

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"syscall"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// An askFunc asks a portal for a session.
type askFunc func(*session, initiator.SendTargetPortal) (initiator.Result, error)

// ask discovers the targets behind a portal, once for each iface.
func (t *tool) ask(ctx context.Context) error {
	sessions, err := t.sessions(ctx)
	if err != nil {
		return err
	}
	record, err := t.recordToAsk(ctx)
	if err != nil {
		return err
	}
	options, err := record.LoginOptions()
	if err != nil {
		return err
	}
	a := &answer{tool: t}
	a.begin()
	run := runOf(record)
	one := func(ask askFunc) error {
		for i := range sessions {
			s := &sessions[i]
			p := initiator.SendTargetPortal{
				Portal: initiator.Portal{Address: t.call.Portal.Address, Port: t.call.Portal.Port},
				Source: s.source, Login: options,
			}
			p.Login.BindDevice = s.bind
			p.Login.InitiatorName = s.name
			r, err := ask(s, p)
			if err == nil {
				err = a.add(s, r)
			}
			if err != nil {
				return err
			}
		}
		return a.end()
	}
	if t.call.Ops&iscsiadm.NonPersistent != 0 {
		return t.askAlone(ctx, run, one)
	}
	if t.call.Action() == iscsiadm.Ask {
		chap, err := t.recordHasCHAP(ctx)
		if err != nil {
			return err
		}
		if chap { // the entry is for the record, and a discovery with the defaults leaves both
			return a.thenReal(ctx, t.askAlone(ctx, run, one))
		}
	}
	opened := false
	t.Draws = true // the real tool shows nothing while it waits
	err = t.WithAsking(ctx, app.CreateIfMissing, run, flags.NewIPsec(0), func(s *registry.Service) error {
		opened = true
		if err := t.keep(ctx, s, record); err != nil {
			return err
		}
		return one(func(by *session, p initiator.SendTargetPortal) (initiator.Result, error) {
			return t.askStored(ctx, s, by, p)
		})
	})
	switch {
	case opened:
	case readOnly(err):
		why := initiator.Reason(err)
		err = t.askAlone(ctx, run, func(ask askFunc) error {
			t.Say("the registry cannot be written, so nothing is stored: %s", why)
			return one(ask)
		})
	case err != nil:
		return t.storeFailed(err)
	}
	return a.thenReal(ctx, err)
}

// thenReal has the real program know what was found, and log in to it where -l asks for
// that, unless asking has failed.
func (a *answer) thenReal(ctx context.Context, err error) error {
	if err == nil {
		err = a.handOn(ctx)
	}
	if err == nil {
		err = a.login(ctx)
	}
	return err
}

// askStored asks a portal, and stores it. An entry that iscsiadm has not made is asked as
// it says, and stays: what was defined there, as CHAP or IPsec, is not for callers of
// iscsiadm to take away.
func (t *tool) askStored(ctx context.Context, s *registry.Service, by *session, p initiator.SendTargetPortal) (initiator.Result, error) {
	if checked, err := s.CheckSendTargetPortal(ctx, p); err == nil {
		key := checked.Key()
		listed, err := s.Listed(ctx, key)
		if err != nil {
			return initiator.Result{}, err
		}
		made, err := t.entriesMade(ctx, s)
		if err != nil {
			return initiator.Result{}, err
		}
		if listed && !slices.ContainsFunc(made, key.Same) {
			r, _ := s.RefreshSendTargetPortal(ctx, key)
			return r, nil
		}
	}
	r, _ := s.AddSendTargetPortal(ctx, p)
	if !r.Stored {
		return r, nil
	}
	ctx, key := context.WithoutCancel(ctx), r.Asked.Key()
	if err := t.noteMade(ctx, s, key); err != nil {
		return r, err
	}
	return r, t.noteIface(ctx, s, by.iface, key)
}

// askAlone asks without storing anything. The rules of the registry hold.
func (t *tool) askAlone(ctx context.Context, run *flags.Run, one func(askFunc) error) error {
	opened := false
	d := t.NewDiscoverer(run)
	err := t.WithService(ctx, app.ReadOnly, d, func(s *registry.Service) (err error) {
		opened = true
		if err = t.UseDefaultName(ctx, s, d); err != nil {
			return err
		}
		if d.InitiatorName == "" {
			if d.InitiatorName, err = s.InitiatorNodeName(ctx); err != nil {
				return err
			}
		}
		if d.Selector, err = s.Selector(ctx, false); err != nil {
			return err
		}
		if d.Rules, err = s.Rules(ctx); err != nil {
			return err
		}
		mayUse, err := s.MayUseIPsec(ctx)
		if err != nil {
			return err
		}
		t.Secure(d, flags.NewIPsec(0), mayUse)
		return one(func(_ *session, p initiator.SendTargetPortal) (initiator.Result, error) {
			r, _ := d.Discover(ctx, p)
			return r, nil
		})
	})
	if err != nil && !opened {
		return t.storeFailed(err)
	}
	return err
}

// readOnly reports that the registry may not be written, or that its folder may not.
func readOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// storeFailed ends with what the registry failed with.
func (t *tool) storeFailed(err error) error {
	var usage *exit.UsageError
	if errors.As(err, &usage) {
		return err
	}
	t.Say("%v", err)
	return t.status(iscsiadm.ExitStore, "Could not add new discovery record.")
}

// runOf returns the limits of time that a record says.
func runOf(r *iscsiadm.Record) *flags.Run {
	login, active := r.LoginTimeout(), r.ActiveTimeout()
	return &flags.Run{
		Timeout: login + active,
		Retries: min(int64(r.ReopenMax()), 1),
		Pace:    flags.Pace{Connect: login, Login: login, Response: active},
	}
}
