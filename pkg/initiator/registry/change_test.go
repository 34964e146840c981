package registry_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestAddSeveral: all portals are stored before one is asked, each has a result in its place,
// and those that were not begun when the caller gave up are stored, too.
func TestAddSeveral(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	add := func(ctx context.Context, addresses ...string) (all []initiator.Result) {
		var portals []initiator.SendTargetPortal
		for _, a := range addresses {
			portals = append(portals, initiator.SendTargetPortal{Portal: initiator.Portal{Address: a, Port: 3260}})
		}
		for r := range w.AddSendTargetPortals(ctx, portals) {
			all = append(all, r)
		}
		return all
	}
	w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:a"}}})
	all := add(t.Context(), "192.0.2.10", "224.0.0.1", "192.0.2.11")
	if len(all) != 3 || all[0].Err != nil || !all[0].Stored || len(all[0].Targets) != 1 || initiator.Code(all[1].Err) != isdsc.InvalidHost || all[1].Stored || all[2].Err == nil || !all[2].Stored {
		t.Errorf("got %+v", all)
	}
	if stored, _ := w.ReportSendTargetPortals(t.Context(), make([]initiator.Key, 9)); stored != 2 {
		t.Errorf("got %d entries, want 2", stored)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range w.AddSendTargetPortals(ctx, []initiator.SendTargetPortal{{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}}, {Portal: initiator.Portal{Address: "192.0.2.12", Port: 3260}}}) {
		cancel()
	}
	if stored, _ := w.ReportSendTargetPortals(t.Context(), make([]initiator.Key, 9)); stored != 3 {
		t.Errorf("got %d entries, want 3", stored)
	}
}

// TestChange: options that are not changed stay, sealed secrets with them; a change that is
// refused, or that fails, changes nothing; another writer's change is not lost.
func TestChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: "secret-of-host-1"})
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}, Login: login.Options{
		Specified: login.SpecifiedAuthType | login.SpecifiedUsername | login.SpecifiedPassword, AuthType: login.CHAP,
		Username: "host1", Password: auth.NewSecret([]byte("secret-of-host-1")),
	}}
	key := p.Key()
	label := func(s string) func(*initiator.SendTargetPortal) error {
		return func(p *initiator.SendTargetPortal) error { p.Portal.SymbolicName = s; return nil }
	}
	if _, err := w.ChangeSendTargetPortal(t.Context(), key, label("a")); initiator.Code(err) != isdsc.PortalNotFound {
		t.Errorf("got %v, want no entry", err)
	}
	if _, err := w.AddSendTargetPortal(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	calls := 0
	r, err := w.ChangeSendTargetPortal(t.Context(), key, func(p *initiator.SendTargetPortal) error {
		if calls++; calls == 1 { // another writer is ahead
			if _, err := w.ChangeSendTargetPortal(t.Context(), key, label("b")); err != nil {
				t.Error(err)
			}
		}
		p.Login.Specified |= login.SpecifiedMaximumConnections
		p.Login.MaximumConnections = 4
		return nil
	})
	if err != nil || calls != 2 || !r.Stored || !r.Auth.Done || len(r.Warnings) > 0 {
		t.Errorf("got %v after %d calls and %+v, want a login by the kept secret", err, calls, r)
	}
	mistake := errors.New("no")
	for _, tt := range []struct {
		change func(*initiator.SendTargetPortal) error
		want   string
	}{
		{func(*initiator.SendTargetPortal) error { return mistake }, "no"},
		{func(p *initiator.SendTargetPortal) error { p.Login.MaximumConnections = 0; return nil }, "maximum connections: 1 to 65535"},
		{func(p *initiator.SendTargetPortal) error { p.Portal.Port = 3261; return nil }, "the portal, instance and port of an entry cannot be changed"},
		{func(p *initiator.SendTargetPortal) error { p.Security = 0x63; return nil }, "transport and tunnel exclude each other"},
	} {
		if r, err := w.ChangeSendTargetPortal(t.Context(), key, tt.change); err == nil || !strings.Contains(err.Error(), tt.want) || r.Stored {
			t.Errorf("got %v and %+v, want %s", err, r, tt.want)
		}
	}
	before, after, err := w.CheckChange(t.Context(), key, label("c"))
	if err != nil || before.Portal.SymbolicName != "b" || after.Portal.SymbolicName != "c" || after.Login.MaximumConnections != 4 || !after.PasswordSet || !after.Login.Password.IsZero() {
		t.Errorf("got %v, %+v and %+v", err, before, after)
	}
	for p, err := range w.SendTargetPortals(t.Context()) {
		if err != nil || p.Portal.SymbolicName != "b" || p.Login.MaximumConnections != 4 || !p.PasswordSet {
			t.Errorf("got %v and %+v", err, p)
		}
	}
}

// TestChangeLostSecret: where the key of a sealed secret is lost, a change may replace or
// remove the secret; one that would keep it is refused, and changes nothing.
func TestChangeLostSecret(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := newWorld(t, func(c *registry.Config) { c.Sealer = seal.KeyFile(filepath.Join(folder, "old")) })
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}}
	p.Login.UseMutualCHAP("host1", auth.NewSecret([]byte("secret-of-host-1")), "array", auth.NewSecret([]byte("secret-of-array")))
	if r, _ := w.AddSendTargetPortal(t.Context(), p); !r.Stored {
		t.Fatal(r.Err)
	}
	now := newWorld(t, func(c *registry.Config) { c.Store, c.Sealer = w.store, seal.KeyFile(filepath.Join(folder, "new")) })
	now.network.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: "secret-of-host-2"})
	one := func(p *initiator.SendTargetPortal) error {
		p.Login.Password = auth.NewSecret([]byte("secret-of-host-2"))
		return nil
	}
	for range 2 { // it is as it was after the first
		if r, err := now.ChangeSendTargetPortal(t.Context(), p.Key(), one); initiator.Code(err) != isdsc.TargetAuthInfoUnavailable || r.Stored {
			t.Errorf("got %v and %+v, want the target's secret to be missed", err, r)
		}
	}
	r, err := now.ChangeSendTargetPortal(t.Context(), p.Key(), func(p *initiator.SendTargetPortal) error {
		p.Login.UseCHAP("host1", auth.NewSecret([]byte("secret-of-host-2")))
		p.Login.TargetUsername, p.Login.TargetPassword = "", auth.Secret{}
		return nil
	})
	if err != nil || !r.Stored || !r.Auth.Done {
		t.Errorf("got %v and %+v, want a login by the new secret", err, r)
	}
	if r, err := now.RefreshSendTargetPortal(t.Context(), p.Key()); err != nil || !r.Auth.Done {
		t.Errorf("got %v and %+v, want the new secret to be kept", err, r)
	}
}
