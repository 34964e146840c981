package registry_test

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestIncompleteAnswers: an answer that failed, or of which a name was lost, makes
// no target missing, so that prune forgets nothing that may be there.
func TestIncompleteAnswers(t *testing.T) {
	t.Parallel()
	both := scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetName="+scene.Disk2))
	for _, tt := range []struct {
		name   string
		second *iscsitest.Target
		code   uint32
		judged bool
	}{
		{name: "a name is lost", second: scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetName=disk 2"))},
		{name: "a name in another case", second: scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "targetname="+scene.Disk2, "TargetAddress=192.0.2.9:3260,1"))},
		{name: "all names are lost", second: scene.Answers(scene.Pairs("TargetName=disk 1", "TargetName=disk 2")), code: isdsc.InvalidSendTargetsText},
		{name: "a refusal in words", second: scene.Answers(scene.Pairs("SendTargets=Reject")), code: isdsc.InvalidSendTargetsText},
		{name: "a key of another kind", second: scene.Answers(scene.Pairs("MaxBurstLength=1")), code: isdsc.InvalidSendTargetsText},
		{name: "a login that is refused", second: &iscsitest.Target{Status: 0x0301}, code: isdsc.ServiceUnavailable},
		{name: "an address is lost", second: scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetAddress=x y")), judged: true},
		{name: "an unusual name", second: scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetName=disk3")), judged: true},
		{name: "nothing", second: scene.Answers(""), judged: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			addr := w.network.Portal("192.0.2.10:3260", both, tt.second, tt.second, both)
			p := scene.At(addr)
			_, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, isdsc.Success)
			since := w.clock.Add(time.Minute)
			for range 2 {
				w.clock = w.clock.Add(time.Minute)
				r, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
				if scene.WantCode(t, err, tt.code); r.Complete != tt.judged {
					t.Errorf("complete is %t", r.Complete)
				}
			}
			lost := mechanismOf(t, w, scene.Disk2)
			if lost.MissingSince.IsZero() == tt.judged {
				t.Errorf("missing since %s", lost.MissingSince)
			}
			if want := (map[bool]time.Time{false: since})[tt.judged]; !lost.NotJudgedSince.Equal(want) {
				t.Errorf("not judged since %s, want %s", lost.NotJudgedSince, want)
			}
			pruned, err := w.PruneTargets(t.Context(), 0)
			if scene.WantCode(t, err, isdsc.Success); pruned > 0 != tt.judged {
				t.Errorf("%d pruned", pruned)
			}
			w.clock = w.clock.Add(time.Minute)
			_, err = w.RefreshSendTargetPortal(t.Context(), p.Key())
			scene.WantCode(t, err, isdsc.Success)
			if m := mechanismOf(t, w, scene.Disk2); !m.NotJudgedSince.IsZero() || !m.MissingSince.IsZero() {
				t.Errorf("after a complete answer: %+v", m)
			}
		})
	}
}

// mechanismOf returns how a target was found.
func mechanismOf(t *testing.T, w *world, name string) registry.Mechanism {
	t.Helper()
	for _, k := range w.targets() {
		if k.Name == name {
			return k.Mechanisms[0]
		}
	}
	t.Fatalf("%s is not known", name)
	return registry.Mechanism{}
}
