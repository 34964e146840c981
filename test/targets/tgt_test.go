package targets_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/test/targets"
)

var (
	oneWay = targets.CHAP{User: "disc", Secret: "secret-secret12"}
	mutual = targets.CHAP{User: "disc", Secret: "secret-secret12", TargetUser: "tgtout", TargetSecret: "outsecret-1234"}
)

func TestTgt(t *testing.T) {
	g := targets.StartTgt(t, targets.TgtConfig{Addrs: addrs(), Targets: targets.Names("tgt", 3), LUN: true})
	for _, p := range g.Portals {
		got := targets.IscsiLs(t, targets.CHAP{}.URL(p))
		if diff := cmp.Diff(list(g.Targets, p), got); diff != "" {
			t.Errorf("%s: want (-) and got (+):\n%s", p, diff)
		}
	}
	checkStopped(t, &g.Target)
}

func TestTgtChanges(t *testing.T) {
	names := targets.Names("tgt", 3)
	g := targets.StartTgt(t, targets.TgtConfig{Targets: names[:1]})
	g.Add(t, names[1:], nil, false)
	g.Remove(t, names[0])
	if diff := cmp.Diff(names[1:], g.Targets); diff != "" {
		t.Errorf("Targets: want (-) and got (+):\n%s", diff)
	}
	if diff := cmp.Diff(list(names[1:], g.Portals...), targets.IscsiLs(t, g.URL())); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

func TestTgtInitiators(t *testing.T) {
	names := targets.Names("tgt", 4)
	g := targets.StartTgt(t, targets.TgtConfig{Targets: names, Initiators: map[string][]string{
		names[1]: {"iqn.2026-01.test:a", "iqn.2026-01.test:b"},
		names[2]: {"127.0.0.0/8"},
		names[3]: {"192.0.2.1"},
	}})
	for _, tt := range []struct {
		initiator string
		want      []string
	}{
		{initiator: "iqn.2026-01.test:a", want: names[:3]},
		{initiator: "iqn.2026-01.test:b", want: names[:3]},
		{initiator: "iqn.2026-01.test:c", want: []string{names[0], names[2]}},
	} {
		t.Run(tt.initiator, func(t *testing.T) {
			got, err := targets.Ls{Initiator: tt.initiator}.List(t, g.URL())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(list(tt.want, g.Portals...), got); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
		})
	}
}

func TestTgtDiscoveryCHAP(t *testing.T) {
	g := targets.StartTgt(t, targets.TgtConfig{Discovery: mutual})
	checkCHAP(t, &g.Target, targets.Ls{}, mutual, mutual, true)
	checkCHAP(t, &g.Target, targets.Ls{}, mutual, targets.CHAP{}, false)
	g.SetDiscovery(t, oneWay)
	checkCHAP(t, &g.Target, targets.Ls{}, oneWay, oneWay, true)
	checkCHAP(t, &g.Target, targets.Ls{}, oneWay, mutual, false)
	g.SetDiscovery(t, targets.CHAP{})
	checkCHAP(t, &g.Target, targets.Ls{}, targets.CHAP{}, targets.CHAP{}, true)
}

// checkCHAP checks that a target that wants one thing lists itself, or does
// not, to an iscsi-ls that has another.
func checkCHAP(t *testing.T, g *targets.Target, ls targets.Ls, wants, has targets.CHAP, ok bool) {
	t.Helper()
	ls.Env = has.Env()
	got, err := ls.List(t, has.URL(g.Portals[0]))
	switch {
	case ok && err != nil:
		t.Errorf("target wants %+v, initiator has %+v: %v", wants, has, err)
	case !ok && err == nil:
		t.Errorf("target wants %+v, initiator has %+v: got %v, want an error", wants, has, got)
	case ok:
		if diff := cmp.Diff(list(g.Targets, g.Portals...), got); diff != "" {
			t.Errorf("want (-) and got (+):\n%s", diff)
		}
	}
}

func TestTgtManyTargets(t *testing.T) {
	g := targets.StartTgt(t, targets.TgtConfig{Targets: targets.Names("tgt", 1000)})
	if got, want := targets.IscsiLs(t, g.URL()), list(g.Targets, g.Portals...); !cmp.Equal(got, want) {
		t.Errorf("got %d targets, want %d", len(got), len(want))
	}
}
