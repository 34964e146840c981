package registry_test

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// longName is a legal name that is 4.5 times longer in a key: each two bytes of it are
// three when they are folded, and each of these is three when it is escaped.
func longName(prefix string) string {
	return prefix + strings.Repeat("\u023a", (223-len(prefix))/2) // folds to \u2c65
}

// TestLongNames: a name that would make a key longer than a Store takes costs neither
// the answer of its portal nor itself: it is known, becomes missing, is found again,
// and is pruned, as any other (issue 13, 12).
func TestLongNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := longName("iqn.")
	all, less := &iscsitest.Target{Records: scene.Records(scene.Disk1, long, scene.Disk2)}, &iscsitest.Target{Records: scene.Records(scene.Disk1)}
	p := scene.At(w.network.Portal("192.0.2.10:3260", all, less, all, less))
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	refresh := func() {
		t.Helper()
		_, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
		scene.WantCode(t, err, isdsc.Success)
	}
	missing := func(want bool) {
		t.Helper()
		if known := w.targets(); len(known) != 3 {
			t.Fatalf("known: %+v", known)
		}
		if m := mechanismOf(t, w, long); m.MissingSince.IsZero() == want {
			t.Errorf("missing %t, want %t", !m.MissingSince.IsZero(), want)
		}
	}
	missing(false)
	if len(w.entriesOf(t, "long/")) != 2 {
		t.Error("no record has a long key")
	}
	refresh()
	missing(true)
	refresh()
	missing(false)
	refresh()
	if n, err := w.PruneTargets(t.Context(), 0); n != 2 || err != nil {
		t.Errorf("pruned %d, %v; want 2", n, err)
	}
	for key := range w.entriesOf(t, "") {
		if strings.HasPrefix(key, "long/") || strings.Contains(key, "disk2") {
			t.Errorf("%s is left", key)
		}
	}
}

// TestLongNamesTogether: of a target with records of both kinds of keys all mechanisms
// are listed together, and one of which all records are damaged can be pruned (issue
// 13, 12 and 13).
func TestLongNamesTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long, target := longName("iqn."), &iscsitest.Target{}
	target.Records = scene.Records(long)
	p := scene.At(w.network.Portal("192.0.2.10:3260", target))
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	scene.WantCode(t, w.AddStaticTarget(t.Context(), registry.StaticTarget{Name: "IQN" + long[3:], Persist: true}), isdsc.Success)
	scene.WantCode(t, w.AddStaticTarget(t.Context(), registry.StaticTarget{Name: scene.Disk1, Persist: true}), isdsc.Success)
	known := w.targets()
	if len(known) != 2 || len(known[1].Mechanisms)+len(known[0].Mechanisms) != 3 {
		t.Fatalf("known: %+v", known)
	}
	scene.WantCode(t, w.RemoveStaticTarget(t.Context(), long), isdsc.Success)
	if m := mechanismOf(t, w, long); m.Static {
		t.Errorf("%+v", m)
	}
	w.damage(t, "long/target/")
	if n, err := w.PruneTargets(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("pruned %d, %v; want 1", n, err)
	}
	if known := w.targets(); len(known) != 1 {
		t.Errorf("known: %+v", known)
	}
}
