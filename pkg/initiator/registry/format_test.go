package registry_test

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// entries returns the values of the portals' records.
func (w *world) entries() map[string]string {
	w.t.Helper()
	all := make(map[string]string)
	for r, err := range w.store.List(w.t.Context(), "portal/") {
		if err != nil {
			w.t.Fatal(err)
		}
		all[r.Key] = string(r.Value)
	}
	return all
}

// TestOptionsAreKept: the newer login options are kept with a portal, hold whenever
// it is asked, and are not lost by what is written of the results.
func TestOptionsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	named := func(cfg *registry.Config) { cfg.Discoverer.Lookup = scene.Lookup("192.0.2.11") }
	wants := &iscsitest.Target{User: "u", Secret: "short", MutualUser: "t", MutualSecret: "tiny", Records: scene.Records(scene.Disk1)}
	w.network.Portal("192.0.2.11:3260", &iscsitest.Target{Records: scene.Records(scene.Disk2)})

	first := newWorld(t, named, func(cfg *registry.Config) { cfg.Store, cfg.Discoverer.Dial = w.store, w.network.Dial })
	short := scene.WithMutualCHAP(scene.WithCHAP(scene.At(w.network.Portal("192.0.2.10:3260", wants)), "u", "short"), "t", "tiny")
	short.Login.ShortSecrets = true
	sent := scene.At(w.network.Portal("192.0.2.12:3260", scene.Sends("array.example")))
	sent.Login.RedirectNames = true
	preferred := scene.At(w.network.Portal("192.0.2.13:3260", &iscsitest.Target{}))
	preferred.Login.CHAPPolicy = login.CHAPPreferred
	plain := scene.At(w.network.Portal("192.0.2.14:3260", scene.Sends("array.example")))
	for i, p := range []initiator.SendTargetPortal{short, sent, preferred, plain} {
		_, err := first.AddSendTargetPortal(t.Context(), p)
		if (err == nil) != (i < 3) {
			t.Errorf("portal %d: %v", i, err)
		}
	}
	w.clock = w.clock.Add(time.Hour)
	again := newWorld(t, named, func(cfg *registry.Config) {
		cfg.Store, cfg.Discoverer.Dial, cfg.Now = w.store, w.network.Dial, func() time.Time { return w.clock }
	})
	results := slices.Collect(again.RefreshAll(t.Context()))
	if len(results) != 4 || results[0].Err != nil || !results[0].Auth.Mutual || scene.Warned(results[0], initiator.WarnShortSecret) != 1 ||
		results[1].Err != nil || len(results[1].Redirects) != 1 || results[2].Err != nil || results[3].Err == nil {
		t.Errorf("results %+v", results)
	}
	for i, p := range again.portals() {
		o := p.Login
		got := []any{o.ShortSecrets, o.RedirectNames, o.CHAPPolicy, p.Added.Equal(w.clock.Add(-time.Hour)), p.Last.Time.Equal(w.clock)}
		want := []any{i == 0, i == 1, login.CHAPRequired, true, true}
		if i == 2 {
			want[2] = login.CHAPPreferred
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p.Portal, diff)
		}
	}
	for key, value := range w.entries() {
		if newer := strings.HasPrefix(value, `{"format":2,`); newer == strings.Contains(key, "192.0.2.14") {
			t.Errorf("%s: %s", key, value)
		}
	}
	// Added again without the option an entry is one for older versions.
	sent.Login.RedirectNames = false
	_, _ = again.AddSendTargetPortal(t.Context(), sent)
	for key, value := range w.entries() {
		if strings.Contains(key, "192.0.2.12") && strings.Contains(value, "format") {
			t.Errorf("%s: %s", key, value)
		}
	}
}

// TestNewerFormat: an entry that a newer version wrote costs itself and no other,
// and is left as it is, whatever is done but to remove it.
func TestNewerFormat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	san := ports.Instance{Name: "San", Addresses: []netip.Addr{w.host[0].Addr}}
	scene.WantCode(t, w.AddInstance(t.Context(), san), isdsc.Success)
	newer := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
	newer.Instance, newer.Login.RedirectNames = "san", true
	other := scene.At(w.network.Portal("192.0.2.11:3260", &iscsitest.Target{Records: scene.Records(scene.Disk2)}))
	for _, p := range []initiator.SendTargetPortal{newer, other} {
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
	}
	var row string
	for key, value := range w.entries() {
		if strings.HasPrefix(value, `{"format":2,`) {
			row = key
			changed := bytes.Replace([]byte(value), []byte(`"format":2`), []byte(`"format":5,"proxy":"of the future"`), 1)
			if err := w.store.Apply(t.Context(), registry.Change{Key: row, Version: registry.AnyVersion, Value: changed}); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := w.entries()[row]
	const text = "store 192.0.2.10:3260: this entry needs record format 5, and this version of discover knows 4: use a newer version"
	judgeNewer := func(err error) {
		t.Helper()
		scene.Judge(t, err, scene.Outcome{Stage: initiator.StageStore, Code: isdsc.RequestNotSupported, Text: text})
		var format *registry.RecordFormatError
		if !errors.As(err, &format) || format.Format != 5 || format.Known != 4 || errors.Is(err, registry.ErrRegistryDamaged) {
			t.Errorf("error %v", err)
		}
		if w.entries()[row] != before {
			t.Errorf("the entry has become %s", w.entries()[row])
		}
	}
	dials := len(w.network.Dials())

	// The list has both, one of them as an error.
	var listed []string
	for p, err := range w.SendTargetPortals(t.Context()) {
		if listed = append(listed, p.Portal.Address); p.Portal.Address == "192.0.2.10" {
			judgeNewer(err)
		} else if err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(listed, []string{"192.0.2.10", "192.0.2.11"}) {
		t.Errorf("listed %v", listed)
	}
	keys := make([]initiator.Key, 2)
	if n, err := w.ReportSendTargetPortals(t.Context(), keys); n != 2 || err != nil || !keys[0].Same(newer.Key()) {
		t.Errorf("reported %d, %v, %v", n, keys, err)
	}

	// The other is asked, and this one is not.
	results := slices.Collect(w.RefreshAll(t.Context()))
	if len(results) != 2 || results[1].Err != nil || results[0].Asked.Portal.Address != "192.0.2.10" {
		t.Fatalf("results %+v", results)
	}
	judgeNewer(results[0].Err)
	_, err := w.RefreshSendTargetPortal(t.Context(), newer.Key())
	judgeNewer(err)
	_, err = w.AddSendTargetPortal(t.Context(), newer) // which would replace it
	judgeNewer(err)
	_, _, err = w.ExplainEntry(t.Context(), newer.Key())
	judgeNewer(err)
	if got := len(w.network.Dials()) - dials; got != 1 {
		t.Errorf("%d connections, want one to the other portal", got)
	}
	for _, k := range w.targets() {
		if m := k.Mechanisms[0]; !m.MissingSince.IsZero() {
			t.Errorf("%s is missing", k.Name)
		}
	}

	// It uses its instance, it is named where it comes near, and it can be removed.
	scene.WantCode(t, w.RemoveInstance(t.Context(), "San"), isdsc.InvalidParameter)
	err = w.RemoveSendTargetPortal(t.Context(), initiator.Key{Portal: newer.Portal})
	scene.WantCode(t, err, isdsc.PortalNotFound)
	if !strings.Contains(err.Error(), "there is 192.0.2.10:3260 (instance san, port all)") {
		t.Errorf("error %v", err)
	}
	scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), newer.Key()), isdsc.Success)
	scene.WantCode(t, w.RemoveInstance(t.Context(), "San"), isdsc.Success)
}

// TestDamagedEntry: a damaged entry costs itself and no other, too.
func TestDamagedEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, a := range []string{"192.0.2.10:3260", "192.0.2.11:3260"} {
		_, err := w.AddSendTargetPortal(t.Context(), scene.At(w.network.Portal(a, &iscsitest.Target{Records: scene.Records(scene.Disk1)})))
		scene.WantCode(t, err, isdsc.Success)
	}
	for key := range w.entries() {
		if strings.Contains(key, "192.0.2.10") {
			if err := w.store.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte("{")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	listed := 0
	for p, err := range w.SendTargetPortals(t.Context()) {
		if listed++; (p.Portal.Address == "192.0.2.10") != errors.Is(err, registry.ErrRegistryDamaged) {
			t.Errorf("%s: %v", p.Portal, err)
		}
	}
	results := slices.Collect(w.RefreshAll(t.Context()))
	if listed != 2 || len(results) != 2 || results[1].Err != nil {
		t.Errorf("%d are listed, results %+v", listed, results)
	}
	scene.Judge(t, results[0].Err, scene.Outcome{Stage: initiator.StageStore, Code: isdsc.CacheCorrupted, Text: "store 192.0.2.10:3260: registry record "})
}
