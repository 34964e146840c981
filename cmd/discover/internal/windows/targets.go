package windows

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// listTargets lists the targets that are known, and with force asks all portals
// first.
func (t *tool) listTargets(ctx context.Context, force bool) (end ending, err error) {
	list := func(s *registry.Service) error {
		var names []string
		var unread []error
		// What is known is listed also where ctx has ended while portals were asked.
		for target, err := range s.Targets(context.WithoutCancel(ctx), false) {
			if err != nil {
				unread = append(unread, err)
				continue
			}
			names = append(names, target.Name)
		}
		t.print().List("Targets List:", names...)
		return errors.Join(unread...)
	}
	if !force {
		return t.onRegistry(ctx, app.ReadOnly, list)
	}
	return t.asking(ctx, app.Existing, t.run.OfRefresh(), 0, func(s *registry.Service) (ending, error) {
		if t.Global.DryRun {
			t.print().Line("Dry run: would have asked all portals and iSNS servers.")
			return ending{}, list(s)
		}
		asked, failed, last := t.refreshISNSServers(ctx, s) // first: what they say of portals counts at once
		n := &render.Notes{Say: t.Say, Flush: func() error { return nil }}
		t.ExpectAll(ctx, s)
		for r := range s.RefreshAll(ctx) {
			asked++
			t.LogResult(&r)
			t.NoteName(&r)
			if _ = n.Portal(&r); r.Err != nil { // it can only fail to flush
				failed++
				last = r.Err
			}
		}
		_ = n.End(nil)
		end := together(asked, failed, last)
		if unread := list(s); unread != nil {
			without, err := t.failed(unread)
			if err != nil || end.status == exit.OK {
				return without, err
			}
		}
		return end, nil
	})
}

// targetInfo shows how a target was found, or what one mechanism found of it.
func (t *tool) targetInfo(ctx context.Context, q *iscsicli.TargetInfo) (ending, error) {
	return t.onRegistry(ctx, app.ReadOnly, func(s *registry.Service) error {
		target, err := s.TargetInformation(ctx, q.Name, q.Mechanism)
		if err != nil {
			return err
		}
		if q.Mechanism == "" {
			t.print().Mechanisms(&target)
		} else {
			t.print().Mechanism(&target)
		}
		return nil
	})
}

// addTarget configures a target by hand. Login options and mappings are for
// logging in to targets, which discover never does, so they are understood and not kept.
func (t *tool) addTarget(ctx context.Context, q *iscsicli.AddTarget) (end ending, err error) {
	o, target := &q.Login.Options, &q.Target
	if q.Login.Password.Given && !q.Login.Password.Empty() {
		if _, _, err := t.reference(q.Login.Password, "the password"); err != nil {
			return end, err
		}
	}
	a := app.CreateIfMissing
	if !target.Persist {
		a = app.Existing
	}
	return t.onRegistry(ctx, a, func(s *registry.Service) error {
		_, there, err := s.StaticTarget(ctx, target.Name)
		if err != nil {
			return err
		}
		if err := s.AddStaticTarget(ctx, *target); err != nil {
			return err
		}
		if there && target.Persist && target.Flags&registry.MergeTargetInformation == 0 {
			t.Say("warning: the static target with this name is replaced; to add to it instead, give target flag 4")
		}
		if o.Specified != 0 || o.Flags != 0 || q.Mappings > 0 {
			t.Say("warning: login options and mappings are not stored, because discover does not log in to targets")
		}
		t.notStored(target.Persist, "the target")
		return nil
	})
}

// notStored says that something is not kept.
func (t *tool) notStored(persist bool, what string) {
	if !persist {
		t.Say("%s was only checked and is not stored", what)
	}
}
