package windows

import (
	"context"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// listInitiators lists the initiator instances.
func (t *tool) listInitiators(ctx context.Context) (ending, error) {
	return t.onRegistry(ctx, app.ReadOnly, func(s *registry.Service) error {
		instances, unread := s.Instances(ctx)
		if unread != nil && !app.IsOneRecord(unread) {
			return unread
		}
		var names []string
		for _, i := range instances {
			names = append(names, i.Name)
		}
		t.print().List("Initiators List:", names...)
		return unread
	})
}

// nodeName sets our iSCSI name; empty: the default.
func (t *tool) nodeName(ctx context.Context, name string) (ending, error) {
	a := app.CreateIfMissing
	if name == "" {
		a = app.Existing
	}
	return t.onRegistry(ctx, a, func(s *registry.Service) error {
		if err := s.SetInitiatorNodeName(ctx, name); err != nil {
			return err
		}
		for _, w := range app.UnusualName(name) {
			t.Say("warning: %s", w.Message)
		}
		return nil
	})
}

// chapSecret sets the secret by which targets prove themselves; none: there is
// none any more.
func (t *tool) chapSecret(ctx context.Context, secret iscsicli.Secret) (end ending, err error) {
	value, ref, err := t.secret(ctx, secret, "the secret", "secret of targets")
	if err != nil {
		return end, err
	}
	a := app.CreateIfMissing
	if value.IsZero() {
		a = app.Existing
	}
	short := false
	end, err = t.onRegistry(ctx, a, func(s *registry.Service) (err error) {
		short, err = s.SetInitiatorCHAPSecret(ctx, value, ref)
		return err
	})
	if short && err == nil {
		end.code = isdsc.ShortCHAPSecret // a warning
	}
	return end, err
}

// psKey sets the preshared key of a peer, or of all that have none.
func (t *tool) psKey(ctx context.Context, q *iscsicli.PSKey) (end ending, err error) {
	info := q.Info
	if info.Key, info.KeyRef, err = t.secret(ctx, q.Key, "the key", "preshared key of "+info.ID); err != nil {
		return end, err
	}
	if info.KeyRef != "" {
		info.Key = auth.Secret{}
	}
	a := app.CreateIfMissing
	if !q.Persist {
		a = app.Existing
	}
	return t.onRegistry(ctx, a, func(s *registry.Service) error {
		old, there, err := app.StoredPSK(ctx, s, &info)
		if err != nil {
			return err
		}
		if err := s.SetIKEInfo(ctx, info, q.Persist); err != nil {
			return err
		}
		if there && old.Flags != 0 && old.Flags != info.Flags {
			t.Say("warning: the security flags stored with the key, %s, are replaced by %s", render.FlagsText(old.Flags), render.FlagsText(info.Flags))
		}
		t.notStored(q.Persist, "the key")
		return nil
	})
}

// getPSKey shows the flags that came with a preshared key, and never the key.
func (t *tool) getPSKey(ctx context.Context, q *iscsicli.GetPSKey) (ending, error) {
	return t.onRegistry(ctx, app.ReadOnly, func(s *registry.Service) error {
		info, err := s.IKEInfo(ctx, q.ID, q.Instance, q.Port)
		if err == nil {
			t.print().SecurityFlags(info.Flags)
		}
		return err
	})
}

// tunnelAddr sets the gateway of a destination, or forgets it.
func (t *tool) tunnelAddr(ctx context.Context, q *iscsicli.TunnelAddr) (ending, error) {
	tunnel := q.Tunnel
	if !tunnel.Outer.IsValid() {
		return t.onRegistry(ctx, app.Existing, func(s *registry.Service) error {
			return s.RemoveTunnelModeOuterAddress(ctx, tunnel.Destination, tunnel.Instance, tunnel.Port)
		})
	}
	a := app.CreateIfMissing
	if !q.Persist {
		a = app.Existing
	}
	return t.onRegistry(ctx, a, func(s *registry.Service) error {
		was, err := app.StoredGateway(ctx, s, &tunnel)
		if err != nil {
			return err
		}
		if err := s.SetTunnelModeOuterAddress(ctx, tunnel, q.Persist); err != nil {
			return err
		}
		if was.IsValid() && was != tunnel.Outer {
			t.Say("the gateway was %s before", was)
		}
		t.notStored(q.Persist, "the gateway")
		return nil
	})
}
