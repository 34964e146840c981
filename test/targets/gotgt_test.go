package targets_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/targets/gotgt"
)

func TestGotgt(t *testing.T) {
	g := targets.StartGotgt(t, targets.GotgtConfig{Addrs: addrs(), Targets: targets.Names("gotgt", 3)})
	for _, p := range g.Portals {
		got := targets.IscsiLs(t, targets.CHAP{}.URL(p))
		if diff := cmp.Diff(list(g.Targets, g.Portals...), got); diff != "" {
			t.Errorf("%s: want (-) and got (+):\n%s", p, diff)
		}
	}
	checkStopped(t, g)
}

func TestGotgtGroups(t *testing.T) {
	g := targets.StartGotgt(t, targets.GotgtConfig{
		LUN:    true,
		Groups: []gotgt.Group{{Tag: 1, Portals: []string{"192.0.2.1:3260", "[2001:db8::1]:3261"}}, {Tag: 7, Portals: []string{"192.0.2.1:3260"}}},
	})
	want := map[string][]string{g.Targets[0]: {"192.0.2.1:3260,1", "192.0.2.1:3260,7", "[2001:db8::1]:3261,1"}}
	if diff := cmp.Diff(want, targets.IscsiLs(t, g.URL())); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

func TestGotgtManyTargets(t *testing.T) {
	g := targets.StartGotgt(t, targets.GotgtConfig{Targets: targets.Names("gotgt", 1000)})
	got := targets.IscsiLs(t, g.URL())
	if diff := cmp.Diff(list(g.Targets, g.Portals...), got); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}
