package registry_test

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// entriesOf returns the records whose keys begin with prefix, by key.
func (w *world) entriesOf(t *testing.T, prefix string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for r, err := range w.store.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all[r.Key] = string(r.Value)
	}
	return all
}

// damage makes all records unreadable whose keys begin with prefix; there is at least
// one.
func (w *world) damage(t *testing.T, prefix string) {
	t.Helper()
	n := 0
	for key := range w.entriesOf(t, prefix) {
		n++
		if err := w.store.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte(`{"secret`)}); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		t.Fatalf("there is no record %s", prefix)
	}
}

// A damagedCase is a kind of record that is damaged.
type damagedCase struct {
	prefix string                             // of the records that are damaged
	costs  bool                               // portal one; portal two goes on
	list   func(w *world) (int, error)        // how many others the list has, and its error with the record
	others int                                // that the list has
	remove func(w *world, t *testing.T) error // nil: there is nothing to remove
}

// TestDamagedRecords: a record that cannot be read costs what is in it: portals that do
// not need it are asked, lists show the others and name it, with what to do, and that
// can be done (issue 13, 13). Nothing of what is in the record is shown.
func TestDamagedRecords(t *testing.T) {
	t.Parallel()
	one, san := netip.MustParseAddr("192.0.2.10"), "san"
	for _, tt := range []damagedCase{
		{"portal/192.0.2.10/", true, listed((*registry.Service).SendTargetPortals), 1, func(w *world, t *testing.T) error {
			return w.RemoveSendTargetPortal(t.Context(), initiator.Key{Instance: san, Port: ports.All, Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}})
		}},
		{"target/" + scene.Disk2, false, listed(func(s *registry.Service, ctx context.Context) iter.Seq2[registry.KnownTarget, error] {
			return s.Targets(ctx, false)
		}), 1, func(w *world, t *testing.T) error {
			return w.RemoveStaticTarget(t.Context(), strings.ToUpper(scene.Disk2))
		}},
		{"instance/san", true, joined((*registry.Service).Instances), 1, func(w *world, t *testing.T) error {
			return w.AddInstance(t.Context(), ports.Instance{Name: san})
		}},
		{"port/host/0000000001", false, joined((*registry.Service).Ports), 6, nil},
		{"policy/192.0.2.10", true, listed((*registry.Service).Policies), 1, func(w *world, t *testing.T) error {
			return w.RemovePolicy(t.Context(), "192.0.2.10")
		}},
		{"psk/192.0.2.10/", true, listed((*registry.Service).IKEInfos), 1, func(w *world, t *testing.T) error {
			return w.RemoveIKEInfo(t.Context(), "192.0.2.10", "", ports.All)
		}},
		{"tunnel/192.0.2.10/", false, listed((*registry.Service).TunnelModeOuterAddresses), 1, func(w *world, t *testing.T) error {
			return w.RemoveTunnelModeOuterAddress(t.Context(), one, "", ports.All)
		}},
		{"bitmap/192.0.2.10/", true, nil, 0, nil},
	} {
		t.Run(strings.ReplaceAll(tt.prefix, "/", "_"), func(t *testing.T) {
			t.Parallel()
			tt.run(t)
		})
	}
}

func (tt *damagedCase) run(t *testing.T) {
	w := newWorld(t)
	scene.WantCode(t, w.AddInstance(t.Context(), ports.Instance{Name: "san"}), 0)
	for _, a := range []string{"192.0.2.10:3260", "192.0.2.11:3260"} {
		p := scene.At(w.network.Portal(a, &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
		if a == "192.0.2.10:3260" {
			p.Instance, p.Security = "san", ipsec.FlagValid
		}
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, 0)
		addr := netip.MustParseAddrPort(a).Addr()
		scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: addr.String(), Flags: ipsec.FlagValid}), 0)
		scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: addr.String(), Port: ports.All, Key: auth.NewSecret([]byte("a key of 16 bytes"))}, true), 0)
		scene.WantCode(t, w.SetTunnelModeOuterAddress(t.Context(), registry.TunnelAddress{Destination: addr, Port: ports.All, Outer: netip.MustParseAddr("203.0.113.1")}, true), 0)
	}
	scene.WantCode(t, w.AddStaticTarget(t.Context(), registry.StaticTarget{Name: scene.Disk2, Persist: true}), 0)
	w.damage(t, tt.prefix)
	n := 0
	for r := range w.RefreshAll(t.Context()) {
		var damaged *registry.RegistryError
		if n++; errors.As(r.Err, &damaged) != (tt.costs && r.Asked.Portal.Address == "192.0.2.10") || damaged == nil && r.Err != nil {
			t.Errorf("%s: %v", r.Asked.Portal, r.Err)
		}
	}
	if n != 2 {
		t.Errorf("%d results", n)
	}
	_, err := w.PruneTargets(t.Context(), 0)
	scene.WantCode(t, err, 0)
	if tt.list == nil {
		return
	}
	others, err := tt.list(w)
	var damaged *registry.RegistryError
	if !errors.As(err, &damaged) || !strings.HasPrefix(damaged.Key, tt.prefix) || others != tt.others {
		t.Errorf("%d others, %v", others, err)
	} else if text := err.Error(); !strings.Contains(text, damaged.Key) || !strings.Contains(text, damaged.Remedy()) || strings.Contains(text, "secret") || strings.Contains(text, "unexpected end") {
		t.Errorf("the error is %q", text)
	}
	if tt.remove == nil {
		return
	}
	scene.WantCode(t, tt.remove(w, t), 0)
	if _, err := tt.list(w); err != nil {
		t.Error(err)
	}
}

// listed runs through a list.
func listed[T any](list func(*registry.Service, context.Context) iter.Seq2[T, error]) func(*world) (int, error) {
	return func(w *world) (others int, damaged error) {
		for _, err := range list(w.Service, w.t.Context()) {
			if err == nil {
				others++
			} else {
				damaged = err
			}
		}
		return others, damaged
	}
}

// joined is listed for what is returned at once.
func joined[T any](list func(*registry.Service, context.Context) ([]T, error)) func(*world) (int, error) {
	return func(w *world) (int, error) {
		all, err := list(w.Service, w.t.Context())
		return len(all), err
	}
}

// TestDamagedGroup: where there is a rule for a portal group, and it cannot be read
// which groups a target has named, no portal is asked that may be in it (issue 13, 13).
func TestDamagedGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, 0)
	scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "tag=7", Flags: ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport}), 0)
	_, err = w.RefreshSendTargetPortal(t.Context(), p.Key())
	scene.WantCode(t, err, 0)
	w.damage(t, "target/")
	_, err = w.RefreshSendTargetPortal(t.Context(), p.Key())
	var damaged *registry.RegistryError
	if !errors.As(err, &damaged) {
		t.Errorf("asked: %v", err)
	}
	scene.WantCode(t, w.RemoveStaticTarget(t.Context(), scene.Disk1), 0)
	_, err = w.RefreshSendTargetPortal(t.Context(), p.Key())
	scene.WantCode(t, err, 0)
}
