package integration

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/targets/gotgt"
)

// unusual are names that real arrays have and that are no iSCSI names.
var unusual = []string{"disk1", "iqn.2015-1.workgroup:RAID.iscsi0.vg0.data1", "iqn.com.sgmsys-10"}

// codes counts the warnings of a result by their codes.
func codes(r initiator.Result) map[initiator.WarningCode]int {
	m := make(map[initiator.WarningCode]int)
	for _, w := range r.Warnings {
		m[w.Code]++
	}
	return m
}

// TestTgtUnusualNames: what a target is called is the only handle on it, so names
// that are no iSCSI names are listed, as iscsi-ls lists them.
func TestTgtUnusualNames(t *testing.T) {
	t.Parallel()
	names := append([]string{"iqn.2026-11.com.example:usual"}, unusual...)
	g := targets.StartTgt(t, targets.TgtConfig{Targets: names})
	r := discover(t, at(g.Portals[0], targets.CHAP{}))
	same(t, everywhere(names, "1", g.Portals[0]), portals(r))
	if got := codes(r); got[initiator.WarnUnusualName] != len(unusual) || len(got) != 1 || !r.Complete {
		t.Errorf("warnings %v, complete %t", r.Warnings, r.Complete)
	}
	t.Run("as iscsi-ls sees it", func(t *testing.T) {
		same(t, targets.IscsiLs(t, g.URL()), portals(r))
	})
	d := newDiscoverer()
	d.StrictNames = true
	r, err := d.Discover(t.Context(), at(g.Portals[0], targets.CHAP{}))
	if err != nil {
		t.Fatal(err)
	}
	same(t, everywhere(names[:1], "1", g.Portals[0]), portals(r))
	if r.LeftOut != len(unusual) || r.Complete {
		t.Errorf("%d left out, complete %t", r.LeftOut, r.Complete)
	}
}

// TestTgtMixedCaseACL: tgt compares initiator names byte by byte, so ours is sent
// as it is written.
func TestTgtMixedCaseACL(t *testing.T) {
	t.Parallel()
	const us = "iqn.1998-01.com.vmware:ESX01-ABC"
	names := targets.Names("tgt", 2)
	g := targets.StartTgt(t, targets.TgtConfig{Targets: names, Initiators: map[string][]string{names[1]: {us}}})
	for name, want := range map[string][]string{us: names, "iqn.1998-01.com.vmware:esx01-abc": names[:1]} {
		d := newDiscoverer()
		d.InitiatorName = name
		r, err := d.Discover(t.Context(), at(g.Portals[0], targets.CHAP{}))
		if err != nil {
			t.Fatal(err)
		}
		same(t, everywhere(want, "1", g.Portals[0]), portals(r))
	}
}

// TestGotgtWildcard: gotgt advertises the address that it is told to listen on. A
// wildcard is the address in use from here, and its port and group stay.
func TestGotgtWildcard(t *testing.T) {
	t.Parallel()
	g := targets.StartGotgt(t, targets.GotgtConfig{Targets: targets.Names("gotgt", 3), Groups: []gotgt.Group{{Tag: 7, Portals: []string{"0.0.0.0:3261"}}}})
	r := discover(t, at(g.Portals[0], targets.CHAP{}))
	want := make(map[string][]string)
	for _, name := range g.Targets {
		want[name] = []string{"127.0.0.1:3261,7"}
	}
	same(t, want, portals(r))
	if got := codes(r); got[initiator.WarnWildcard] != 1 || len(got) != 1 {
		t.Errorf("warnings %v", r.Warnings)
	}
}
