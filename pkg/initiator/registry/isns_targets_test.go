package registry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/isnstest"
)

const (
	iSNSA = "iqn.2026-11.com.example:a"
	iSNSB = "iqn.2026-11.com.example:b"
	iSNSC = "iqn.2026-11.com.example:c"
)

// mechanisms returns the mechanisms of a target.
func (w *world) mechanisms(name string) []registry.Mechanism {
	w.t.Helper()
	t, err := w.TargetInformation(w.t.Context(), name, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return t.Mechanisms
}

// An answer replaces the one before: what is not in it any more is missing since then, was
// seen last when the answer before came, and appears again.
func TestISNSReplaces(t *testing.T) {
	t.Parallel()
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(iSNSA, iSNSB)})
	w.addServer()
	if r := w.refreshServer(); len(r.Changes) != 0 {
		t.Errorf("got %+v, want no changes", r.Changes)
	}
	seen := w.clock
	changeServer(server, iSNSA, iSNSC)
	r := w.refreshServer()
	if len(r.Changes) != 2 || r.Changes[0].Kind != change.Vanished || r.Changes[0].Target != iSNSB || r.Changes[1].Kind != change.Appeared {
		t.Errorf("got %+v", r.Changes)
	}
	if m := w.mechanisms(iSNSB)[0]; !m.MissingSince.Equal(w.clock) || !m.LastSeen.Equal(seen) {
		t.Errorf("got missing since %s, last seen %s, want %s, %s", m.MissingSince, m.LastSeen, w.clock, seen)
	}
	missing := w.clock
	w.refreshServer()
	if m := w.mechanisms(iSNSB)[0]; !m.MissingSince.Equal(missing) || !m.LastSeen.Equal(seen) {
		t.Errorf("got missing since %s, last seen %s, want %s, %s", m.MissingSince, m.LastSeen, missing, seen)
	}
	if m := w.mechanisms(iSNSA)[0]; !m.LastSeen.Equal(w.clock) || !m.FirstSeen.Equal(w.clock.Add(-3*time.Hour)) {
		t.Errorf("got last seen %s, first seen %s", m.LastSeen, m.FirstSeen)
	}
	changeServer(server, iSNSA, iSNSB, iSNSC)
	r = w.refreshServer()
	// The portals of the test's targets follow from their places: that of c is another now.
	if m := w.mechanisms(iSNSB)[0]; len(r.Changes) != 2 || r.Changes[0].Kind != change.Appeared || r.Changes[1].Kind != change.Changed || !m.MissingSince.IsZero() || !m.LastSeen.Equal(w.clock) {
		t.Errorf("got %+v, %+v", r.Changes, m)
	}
	if m := w.mechanisms(iSNSC)[0]; !m.Changed.Equal(w.clock) || len(m.Was) != 1 || m.Was[0].Host != "192.0.2.2" || m.Addresses[0].Host != "192.0.2.3" {
		t.Errorf("got %+v", m)
	}
}

// An answer that leaves something out, and a failure, judge nothing.
func TestISNSIncomplete(t *testing.T) {
	t.Parallel()
	mode := "" // guarded by Change
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(iSNSA, iSNSB), Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
		switch mode {
		case "harmful": // a target whose name cannot be used
			r.Payload = isnstest.Attributes(isns.TextAttribute(isns.TagISCSIName, iSNSA), isns.NumberAttribute(isns.TagNodeType, 1),
				isns.TextAttribute(isns.TagISCSIName, "../b"), isns.NumberAttribute(isns.TagNodeType, 1))
		case "refused":
			r.Payload = isnstest.Refusal(isns.StatusBusy)
		}
	}})
	w.addServer()
	seen := w.clock
	set := func(to string) { server.Change(func(*isnstest.Database) { mode = to }) }
	set("harmful")
	if r := w.refreshServer(); r.Answer.Complete {
		t.Fatalf("got a complete answer: %+v", r.Answer)
	}
	began := w.clock
	for _, m := range []registry.Mechanism{w.mechanisms(iSNSA)[0], w.mechanisms(iSNSB)[0]} {
		if !m.MissingSince.IsZero() || !m.NotJudgedSince.Equal(began) {
			t.Errorf("got %+v", m)
		}
	}
	if a, b := w.mechanisms(iSNSA)[0], w.mechanisms(iSNSB)[0]; !a.LastSeen.Equal(began) || !b.LastSeen.Equal(seen) {
		t.Errorf("got last seen %s and %s, want %s and %s", a.LastSeen, b.LastSeen, began, seen)
	}
	set("refused")
	w.clock = w.clock.Add(time.Hour)
	if r, err := w.RefreshISNSServer(t.Context(), serverPortal); initiator.Code(err) != isdsc.ServiceUnavailable || len(r.Changes) != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	if m := w.mechanisms(iSNSB)[0]; !m.MissingSince.IsZero() || !m.NotJudgedSince.Equal(began) {
		t.Errorf("got %+v", m)
	}
	set("")
	changeServer(server, iSNSA)
	w.refreshServer()
	if m := w.mechanisms(iSNSB)[0]; !m.MissingSince.Equal(w.clock) || !m.LastSeen.Equal(seen) || !m.NotJudgedSince.IsZero() {
		t.Errorf("got %+v", m)
	}
}

// A target that a portal shows and a server names has two mechanisms, each with its own
// addresses, and each can be asked for.
func TestISNSAndSendTargets(t *testing.T) {
	t.Parallel()
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(strings.ToUpper(scene.Disk1))})
	_, err := w.AddSendTargetPortal(t.Context(), scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)})))
	scene.WantCode(t, err, isdsc.Success)
	w.addServer()
	all := w.targets()
	if len(all) != 1 || len(all[0].Mechanisms) != 2 {
		t.Fatalf("got %+v", all)
	}
	for _, text := range []string{iSNSMechanism, strings.ToLower(" " + strings.TrimSpace(iSNSMechanism)), "SendTargets:*192.0.2.10 0003260 "} {
		got, err := w.TargetInformation(t.Context(), scene.Disk1, text)
		if err != nil || len(got.Mechanisms) != 1 || !strings.EqualFold(strings.TrimSpace(got.Mechanisms[0].Text), strings.TrimSpace(text)) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	if _, err := w.TargetInformation(t.Context(), scene.Disk1, "iSNS:*192.0.2.206 0003205"); initiator.Code(err) != isdsc.DiscoveryMechanismNotFound {
		t.Errorf("got %v", err)
	}
	changeServer(server)
	w.refreshServer()
	for _, m := range w.mechanisms(scene.Disk1) {
		if missing := !m.MissingSince.IsZero(); missing != (m.ISNS.Address != "") {
			t.Errorf("got %+v", m)
		}
	}
}

// The targets of a server that was removed stay, stale, until they are pruned; one that is
// added again looks for them.
func TestISNSRemoved(t *testing.T) {
	t.Parallel()
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(iSNSA, iSNSB)})
	w.addServer()
	w.refreshServer()
	seen := w.clock
	if err := w.RemoveISNSServer(t.Context(), serverPortal); err != nil {
		t.Fatal(err)
	}
	w.clock = w.clock.Add(time.Hour)
	for _, name := range []string{iSNSA, iSNSB} {
		if m := w.mechanisms(name)[0]; !m.Stale || !m.LastSeen.Equal(seen) || m.Text != iSNSMechanism {
			t.Errorf("got %+v", m)
		}
	}
	changeServer(server, iSNSA)
	w.addServer()
	if m := w.mechanisms(iSNSB)[0]; m.Stale || !m.MissingSince.Equal(w.clock) || !m.LastSeen.Equal(seen) {
		t.Errorf("got %+v, want it missing since %s, last seen %s", m, w.clock, seen)
	}
	if n, err := w.PruneTargets(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	w.clock = w.clock.Add(time.Hour)
	if n, err := w.PruneTargets(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if err := w.RemoveISNSServer(t.Context(), serverPortal); err != nil {
		t.Fatal(err)
	}
	if n, err := w.PruneTargets(t.Context(), 0); n != 1 || err != nil || len(w.targets()) != 0 {
		t.Errorf("got %d, %v, %+v", n, err, w.targets())
	}
	for _, prefix := range []string{"isns-", "target/", "found/", "seen/"} {
		for r := range w.store.List(t.Context(), prefix) {
			t.Errorf("%s is left", r.Key)
		}
	}
}
