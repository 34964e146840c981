package openiscsi

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/go-iscsi/discovery/cmd/discover/internal/app"
	"github.com/go-iscsi/discovery/cmd/discover/internal/flags"
	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// ask discovers the targets behind a portal, once for each iface.
func (t *tool) ask(ctx context.Context) error {
	sessions, err := t.sessions()
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
	one := func(ask func(*session, initiator.SendTargetPortal) (initiator.Result, error)) error {
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
	opened := false
	err = t.WithAsking(ctx, app.CreateIfMissing, run, flags.NewIPsec(0), func(s *registry.Service) error {
		opened = true
		if err := t.keep(ctx, s, record); err != nil {
			return err
		}
		return one(func(by *session, p initiator.SendTargetPortal) (initiator.Result, error) {
			r, _ := s.AddSendTargetPortal(ctx, p)
			if !r.Stored {
				return r, nil
			}
			return r, t.noteIface(context.WithoutCancel(ctx), s, by.iface, r.Asked.Key())
		})
	})
	switch {
	case opened:
	case readOnly(err):
		t.Say("the registry cannot be written, so nothing is stored: %s", initiator.Reason(err))
		return t.askAlone(ctx, run, one)
	case err != nil:
		return t.storeFailed(err)
	}
	if err != nil {
		return err
	}
	if err := a.handOn(ctx); err != nil {
		return err
	}
	return a.login(ctx)
}

// askAlone asks without storing anything. The rules of the registry hold.
func (t *tool) askAlone(ctx context.Context, run *flags.Run, one func(func(*session, initiator.SendTargetPortal) (initiator.Result, error)) error) error {
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
	var usage *machine.UsageError
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
