package registry_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A world is a Service with everything around it in memory.
type world struct {
	*registry.Service
	t       *testing.T
	network *iscsitest.Network
	store   registry.Store
	clock   time.Time
	host    []ports.Address
}

func newWorld(t *testing.T, change ...func(*registry.Config)) *world {
	t.Helper()
	w := &world{
		t:       t,
		network: iscsitest.NewNetwork(t),
		store:   new(memstore.Store),
		clock:   time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		host: []ports.Address{
			{Addr: netip.MustParseAddr("192.0.2.2"), Interface: "eth0", Up: true},
			{Addr: netip.MustParseAddr("198.51.100.2"), Interface: "eth1", Up: true},
			{Addr: netip.MustParseAddr("2001:db8::2"), Interface: "eth0", Up: true},
		},
	}
	cfg := registry.Config{
		Store: w.store,
		Discoverer: &initiator.Discoverer{
			InitiatorName: scene.InitiatorName,
			Dial:          w.network.Dial,
			Selector:      &ports.Selector{Route: w.route},
			Timeout:       time.Minute, // machines are slow when everything runs at once
		},
		Sealer:    plainSealer{},
		Addresses: func() ([]ports.Address, error) { return w.host, nil },
		Now:       func() time.Time { return w.clock },
	}
	for _, f := range change {
		f(&cfg)
	}
	w.store = cfg.Store
	s, err := registry.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Service = s
	t.Cleanup(func() { _ = s.Close() })
	return w
}

// route is a host with a default route by its first address of a family.
func (w *world) route(_ context.Context, source, dst netip.Addr) (netip.Addr, error) {
	if source.IsValid() {
		return source, nil
	}
	for _, a := range w.host {
		if a.Addr.Is4() == dst.Is4() {
			return a.Addr, nil
		}
	}
	return netip.Addr{}, errors.New("no route")
}

// plainSealer binds secrets to their context and hides nothing.
type plainSealer struct{}

func (plainSealer) Seal(s auth.Secret, context string) ([]byte, error) {
	return append([]byte(context+"\x00"), s.Reveal()...), nil
}

func (plainSealer) Open(b []byte, context string) (auth.Secret, error) {
	secret, ok := bytes.CutPrefix(b, []byte(context+"\x00"))
	if !ok {
		return auth.Secret{}, errors.New("sealed for another place")
	}
	return auth.NewSecret(secret), nil
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func (w *world) portals() []registry.StoredPortal {
	w.t.Helper()
	return collect(w.t, w.SendTargetPortals(w.t.Context()))
}

func (w *world) targets() []registry.KnownTarget {
	w.t.Helper()
	return collect(w.t, w.Targets(w.t.Context(), false))
}

// TestAddClosedPort is a worked case: the entry is stored, and has to be removed.
func TestAddClosedPort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := scene.At(netip.MustParseAddrPort("192.0.2.99:3260"))
	r, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.ConnectionFailed)
	if !r.Stored || len(w.portals()) != 1 {
		t.Errorf("stored %v, entries %v", r.Stored, w.portals())
	}
	if last := w.portals()[0].Last; last.Code != isdsc.ConnectionFailed || last.Stage != "connect" || !last.Time.Equal(w.clock) {
		t.Errorf("last result %+v", last)
	}
	scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.Success)
	scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.PortalNotFound)
}

// TestAddWrongSecret is a worked case: the entry is listed, its password is not.
func TestAddWrongSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{User: "disc", Secret: "secret-secret12", Records: scene.Records(scene.Disk1)})
	r, err := w.AddSendTargetPortal(t.Context(), scene.WithCHAP(scene.At(addr), "disc", "another-secret"))
	scene.WantCode(t, err, isdsc.AuthenticationFailure)
	stored := w.portals()[0]
	if !r.Stored || !stored.PasswordSet || !stored.Login.Password.IsZero() || !r.Asked.Login.Password.IsZero() {
		t.Errorf("stored %+v", stored)
	}
	// Adding it again with the right one replaces options, and asks.
	r, err = w.AddSendTargetPortal(t.Context(), scene.WithCHAP(scene.At(addr), "disc", "secret-secret12"))
	scene.WantCode(t, err, isdsc.Success)
	if len(w.portals()) != 1 || len(r.Targets) != 1 {
		t.Errorf("entries %v, targets %v", w.portals(), r.Targets)
	}
	// The stored secret is used from now on.
	r, err = w.RefreshSendTargetPortal(t.Context(), stored.Key())
	scene.WantCode(t, err, isdsc.Success)
	if !r.Stored || r.Auth.Method != "CHAP" {
		t.Errorf("result %+v", r)
	}
}

// TestTargetsOutlivePortal is a worked case.
func TestTargetsOutlivePortal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)})
	_, err := w.AddSendTargetPortal(t.Context(), scene.At(addr))
	scene.WantCode(t, err, isdsc.Success)
	p := scene.At(addr)
	scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.Success)
	known := w.targets()
	if len(known) != 1 || known[0].Name != scene.Disk1 || !known[0].Mechanisms[0].Stale {
		t.Fatalf("targets %+v", known)
	}
	w.clock = w.clock.Add(time.Hour)
	pruned, err := w.PruneTargets(t.Context(), time.Minute)
	if err != nil || pruned != 1 || len(w.targets()) != 0 {
		t.Errorf("pruned %d, error %v, targets %v", pruned, err, w.targets())
	}
}

// TestRefreshUnlisted is a worked case: targets are merged, the list of portals
// is not touched.
func TestRefreshUnlisted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)})
	p := scene.At(addr)
	r, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
	scene.WantCode(t, err, isdsc.Success)
	if r.Stored || len(w.portals()) != 0 || len(w.targets()) != 1 {
		t.Errorf("stored %v, entries %v, targets %v", r.Stored, w.portals(), w.targets())
	}
}

// TestTwoPorts is a worked case: two ports, two entries, two mechanisms.
func TestTwoPorts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)})
	for n := range uint32(2) {
		p := scene.At(addr)
		p.Instance, p.Port = "HOST", ports.N(n)
		r, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		if r.InitiatorPort.Number != ports.N(n) || r.InitiatorPort.Address != w.host[n].Addr {
			t.Errorf("port %+v", r.InitiatorPort)
		}
	}
	known := w.targets()
	if len(w.portals()) != 2 || len(known) != 1 || len(known[0].Mechanisms) != 2 {
		t.Fatalf("entries %v, targets %+v", w.portals(), known)
	}
	var sources []netip.Addr
	for _, d := range w.network.Dials() {
		sources = append(sources, d.Source)
	}
	if diff := cmp.Diff([]netip.Addr{w.host[0].Addr, w.host[1].Addr}, sources, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	if got, want := known[0].Mechanisms[0].Text, "SendTargets:*192.0.2.10 0003260 host 0 "; got != want {
		t.Errorf("mechanism %q, want %q", got, want)
	}
}

// TestMerge: what a portal reports, no longer reports, and reports again.
func TestMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both := &iscsitest.Target{Records: scene.Records(scene.Disk1, scene.Disk2)}
	one := &iscsitest.Target{Records: scene.Records(scene.Disk1)}
	refused := &iscsitest.Target{Status: 0x0301}
	addr := w.network.Portal("192.0.2.10:3260", both, one, refused, both)
	p := scene.At(addr)
	first := w.clock
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)

	missing := func() time.Time {
		for _, k := range w.targets() {
			if k.Name == scene.Disk2 {
				return k.Mechanisms[0].MissingSince
			}
		}
		t.Fatal("disk2 is gone")
		return time.Time{}
	}
	refresh := func(code uint32) {
		t.Helper()
		w.clock = w.clock.Add(time.Minute)
		_, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
		scene.WantCode(t, err, code)
	}
	if !missing().IsZero() {
		t.Error("missing from the start")
	}
	refresh(isdsc.Success)
	since := w.clock
	if !missing().Equal(since) {
		t.Errorf("missing since %s, want %s", missing(), since)
	}
	refresh(isdsc.ServiceUnavailable) // a failure changes nothing
	if !missing().Equal(since) {
		t.Errorf("missing since %s, want %s", missing(), since)
	}
	refresh(isdsc.Success)
	for _, k := range w.targets() {
		m := k.Mechanisms[0]
		if !m.MissingSince.IsZero() || !m.FirstSeen.Equal(first) || !m.LastSeen.Equal(w.clock) {
			t.Errorf("%s: %+v", k.Name, m)
		}
	}
}

// TestReport is a worked case: what there is no room for is counted.
func TestReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, a := range []string{"192.0.2.98:3260", "192.0.2.99:3260"} {
		_, _ = w.AddSendTargetPortal(t.Context(), scene.At(netip.MustParseAddrPort(a)))
	}
	n, err := w.ReportSendTargetPortals(t.Context(), nil)
	scene.WantCode(t, err, isdsc.Win32InsufficientBuffer)
	if n != 2 {
		t.Errorf("count %d, want 2", n)
	}
	keys := make([]initiator.Key, n)
	n, err = w.ReportSendTargetPortals(t.Context(), keys)
	scene.WantCode(t, err, isdsc.Success)
	if n != 2 || keys[0].Portal.Address != "192.0.2.98" {
		t.Errorf("count %d, keys %v", n, keys)
	}
}

// TestRestart is a worked case: all portals are still there, opening sends
// nothing, Start asks each.
func TestRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)})
	b := w.network.Portal("192.0.2.11:3260", &iscsitest.Target{Records: scene.Records(scene.Disk2)})
	for _, addr := range []netip.AddrPort{a, b} {
		_, err := w.AddSendTargetPortal(t.Context(), scene.At(addr))
		scene.WantCode(t, err, isdsc.Success)
	}
	before := len(w.network.Dials())
	again := newWorld(t, func(cfg *registry.Config) {
		cfg.Store = w.store
		cfg.Discoverer.Dial = w.network.Dial
	})
	if len(again.portals()) != 2 || len(w.network.Dials()) != before {
		t.Errorf("entries %v, dials %d", again.portals(), len(w.network.Dials())-before)
	}
	scene.WantCode(t, again.Start(t.Context()), isdsc.Success)
	if got := len(w.network.Dials()) - before; got != 2 {
		t.Errorf("%d dials, want 2", got)
	}
}

// diffPortals compares two portals without secrets.
func diffPortals(want, got initiator.SendTargetPortal) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b ports.Number) bool { return a == b }))
}
