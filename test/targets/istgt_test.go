package targets_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/test/targets"
)

// quietLs is for istgt, with which iscsi-ls does not end. A busy machine may let it
// pause before.
var quietLs = targets.Ls{Quiet: 2 * time.Second}

func TestIstgt(t *testing.T) {
	g := targets.StartIstgt(t, targets.IstgtConfig{Addrs: addrs(), Targets: targets.Names("istgt", 3)})
	for _, p := range g.Portals {
		got, err := quietLs.List(t, targets.CHAP{}.URL(p))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(list(g.Targets, g.Portals...), got); diff != "" {
			t.Errorf("%s: want (-) and got (+):\n%s", p, diff)
		}
	}
	checkStopped(t, g)
}

func TestIstgtManyTargets(t *testing.T) {
	g := targets.StartIstgt(t, targets.IstgtConfig{Targets: targets.Names("istgt", 300)})
	got, err := quietLs.List(t, g.URL())
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(list(g.Targets, g.Portals...), got); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

func TestIstgtDiscoveryCHAP(t *testing.T) {
	for _, tt := range []struct {
		name       string
		wants, has targets.CHAP
		ok         bool
	}{
		{name: "one way", wants: oneWay, has: oneWay, ok: true},
		{name: "mutual", wants: mutual, has: mutual, ok: true},
		{name: "mutual wanted, one way given", wants: mutual, has: oneWay, ok: false},
		{name: "wrong secret", wants: oneWay, has: targets.CHAP{User: "disc", Secret: "wrong-wrong-12"}, ok: false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := targets.StartIstgt(t, targets.IstgtConfig{Discovery: tt.wants})
			checkCHAP(t, g, quietLs, tt.wants, tt.has, tt.ok)
		})
	}
}
