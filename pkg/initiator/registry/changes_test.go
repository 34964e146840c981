package registry_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// answering is a portal whose answer a test sets.
const answering = "192.0.2.10:3260"

const disk3 = "iqn.2026-11.com.example:disk3"

// asks gives the portal an answer, lets a minute pass, and asks it.
func (w *world) asks(answer iscsitest.Handler) initiator.Result {
	w.t.Helper()
	w.clock = w.clock.Add(time.Minute)
	p := scene.At(w.network.Portal(answering, answer))
	r, _ := w.RefreshSendTargetPortal(w.t.Context(), p.Key())
	return r
}

// adds is asks for a portal that is to be added.
func (w *world) adds(answer iscsitest.Handler) initiator.Result {
	w.t.Helper()
	w.clock = w.clock.Add(time.Minute)
	r, _ := w.AddSendTargetPortal(w.t.Context(), scene.At(w.network.Portal(answering, answer)))
	return r
}

// told writes changes in short.
func told(changes []change.Change) string {
	var all []string
	for _, c := range changes {
		s := strings.TrimPrefix(string(c.Kind), "target-") + " " + strings.TrimPrefix(c.Target, "iqn.2026-11.com.example:")
		if c.Is != nil {
			s += fmt.Sprint(" is ", c.Is, c.AliasIs)
		}
		if c.Was != nil {
			s += fmt.Sprint(" was ", c.Was, c.AliasWas)
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}

// twoDisks is an answer of two disks, the second with an address and perhaps an alias.
func twoDisks(address, alias string) *iscsitest.Target {
	text := []string{"TargetName=" + scene.Disk1, "TargetAddress=192.0.2.10:3260,1", "TargetName=" + scene.Disk2, "TargetAddress=" + address}
	if alias != "" {
		text = append(text, "TargetAlias="+alias)
	}
	return scene.Answers(scene.Pairs(text...))
}

// TestChanges: a result says what differs from the answer before, each change once.
func TestChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const at10, at11 = "192.0.2.10:3260,1", "192.0.2.11:3260,2"
	one := scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetAddress="+at10))
	part := scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetAddress="+at10, "TargetName=disk 9", "TargetName="+disk3, "TargetAddress="+at10))
	for i, tt := range []struct {
		name   string
		answer iscsitest.Handler
		want   string
	}{
		{"the first", twoDisks(at10, ""), "appeared disk1 is [192.0.2.10:3260,1]; appeared disk2 is [192.0.2.10:3260,1]"},
		{"the same", twoDisks(at10, ""), ""},
		{"another address", twoDisks(at11, ""), "changed disk2 is [192.0.2.11:3260,2] was [192.0.2.10:3260,1]"},
		{"an alias", twoDisks(at11, "two"), "changed disk2 is [192.0.2.11:3260,2]two was [192.0.2.11:3260,2]"},
		{"one less", one, "vanished disk2 was [192.0.2.11:3260,2]two"},
		{"still", one, ""},
		{"a failure", &iscsitest.Target{Status: pdu.StatusServiceUnavailable}, ""},
		{"there again", twoDisks(at11, "two"), "appeared disk2 is [192.0.2.11:3260,2]two"},
		{"not complete", part, "appeared disk3 is [192.0.2.10:3260,1]"},
		{"nor now", part, ""},
		{"and back", twoDisks(at11, "two"), "vanished disk3 was [192.0.2.10:3260,1]"},
		{"nothing", scene.Answers(""), "vanished disk1 was [192.0.2.10:3260,1]; vanished disk2 was [192.0.2.11:3260,2]two"},
	} {
		var r initiator.Result
		if i == 0 {
			r = w.adds(tt.answer)
		} else {
			r = w.asks(tt.answer)
		}
		if got := told(r.Changes); got != tt.want {
			t.Errorf("%s: got %q, want %q (%v)", tt.name, got, tt.want, r.Err)
		}
	}
	m := mechanismOf(t, w, scene.Disk2)
	if want := "[192.0.2.10:3260,1]"; fmt.Sprint(m.Was) != want || !m.Changed.Equal(w.clock.Add(-9*time.Minute)) {
		t.Errorf("changed %s, was %v, want %s", m.Changed, m.Was, want)
	}
	if m := mechanismOf(t, w, scene.Disk1); m.Was != nil || !m.Changed.IsZero() {
		t.Errorf("changed %s, was %v", m.Changed, m.Was)
	}
}

// TestChangesUnlisted: a portal that is not in the registry tells its changes, too.
func TestChangesUnlisted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both, one := &iscsitest.Target{Records: scene.Records(scene.Disk1, scene.Disk2)}, &iscsitest.Target{Records: scene.Records(scene.Disk1)}
	var got []int
	for _, answer := range []*iscsitest.Target{both, both, one, one} {
		got = append(got, len(w.asks(answer).Changes))
	}
	if want := []int{2, 0, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("got %d changes, want %d", got, want)
	}
}

// TestUnchangedAnswer: an answer that says the same as the one before writes the entry and
// nothing else, in whichever order its targets come; of a portal that is not in the registry,
// one record. The targets were seen all the same.
func TestUnchangedAnswer(t *testing.T) {
	t.Parallel()
	for _, listed := range []bool{true, false} {
		t.Run(fmt.Sprintf("listed %t", listed), func(t *testing.T) {
			t.Parallel()
			store := new(hookStore)
			w := newWorld(t, onStore(store))
			names := make([]string, 100)
			for i := range names {
				names[i] = fmt.Sprintf("iqn.2026-11.com.example:disk%03d", i)
			}
			answer := &iscsitest.Target{Records: scene.Records(names...)}
			if listed {
				w.adds(answer)
			} else {
				w.asks(answer)
			}
			var written []string
			store.hook = func(changes []registry.Change) {
				for _, c := range changes {
					written = append(written, c.Key)
				}
			}
			slices.Reverse(names)
			r := w.asks(&iscsitest.Target{Records: scene.Records(names...)})
			prefix := "portal/"
			if !listed {
				prefix = "seen/"
			}
			if len(written) != 1 || !strings.HasPrefix(written[0], prefix) || r.Err != nil {
				t.Errorf("written: %q, %v", written, r.Err)
			}
			for _, k := range w.targets() {
				if m := k.Mechanisms[0]; !m.LastSeen.Equal(w.clock) || !m.FirstSeen.Equal(w.clock.Add(-time.Minute)) {
					t.Errorf("%s: first seen %s, last seen %s", k.Name, m.FirstSeen, m.LastSeen)
				}
			}
			written = nil
			w.asks(&iscsitest.Target{Records: scene.Records(names[1:]...)})
			if want := 3; len(written) != want { // its record, its index, and the entry's
				t.Errorf("where one vanished %q were written, want %d", written, want)
			}
		})
	}
}

// TestLastSeen: when targets were seen last does not go back: where they become missing, where
// an answer in part does not have them, where their entry is removed and added again, and
// where the instance of it is written in another case.
func TestLastSeen(t *testing.T) {
	t.Parallel()
	both := &iscsitest.Target{Records: scene.Records(scene.Disk1, scene.Disk2)}
	one := &iscsitest.Target{Records: scene.Records(scene.Disk1)}
	part := scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetAddress=192.0.2.10:3260,1", "TargetName=disk 2"))
	key := initiator.Key{Port: scene.At(netip.MustParseAddrPort(answering)).Port, Portal: scene.At(netip.MustParseAddrPort(answering)).Portal}
	for _, tt := range []struct {
		name string
		then func(w *world)
	}{
		{"missing", func(w *world) { w.asks(one) }},
		{"in part", func(w *world) { w.asks(part); w.asks(part) }},
		{"in part, then missing", func(w *world) { w.asks(part); w.asks(one) }},
		{"removed", func(w *world) { scene.WantCode(w.t, w.RemoveSendTargetPortal(w.t.Context(), key), 0) }},
		{"removed, and added in vain", func(w *world) {
			scene.WantCode(w.t, w.RemoveSendTargetPortal(w.t.Context(), key), 0)
			w.adds(&iscsitest.Target{Status: pdu.StatusServiceUnavailable})
		}},
		{"removed, and added again", func(w *world) {
			scene.WantCode(w.t, w.RemoveSendTargetPortal(w.t.Context(), key), 0)
			w.adds(one)
		}},
		{"replaced in vain", func(w *world) { w.adds(&iscsitest.Target{Status: pdu.StatusServiceUnavailable}) }},
		{"a failure", func(w *world) { w.asks(&iscsitest.Target{Status: pdu.StatusServiceUnavailable}) }},
		{"removed, and asked", func(w *world) {
			scene.WantCode(w.t, w.RemoveSendTargetPortal(w.t.Context(), key), 0)
			w.asks(one)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.adds(both)
			w.asks(both)
			w.asks(both)
			seen := w.clock
			tt.then(w)
			if m := mechanismOf(t, w, scene.Disk2); !m.LastSeen.Equal(seen) {
				t.Errorf("seen %s, want %s", m.LastSeen, seen)
			}
		})
	}
}

// TestInstanceInAnotherCase: what an entry found before its instance was written in another
// case was seen when it was.
func TestInstanceInAnotherCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := &iscsitest.Target{Records: scene.Records(scene.Disk1)}
	p := scene.At(w.network.Portal(answering, answer, answer, answer))
	scene.WantCode(t, w.AddInstance(t.Context(), ports.Instance{Name: "san"}), 0)
	p.Instance = "san"
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	w.clock = w.clock.Add(time.Minute)
	_, err = w.RefreshSendTargetPortal(t.Context(), p.Key())
	scene.WantCode(t, err, isdsc.Success)
	seen := w.clock
	w.clock = w.clock.Add(time.Minute)
	scene.WantCode(t, w.AddInstance(t.Context(), ports.Instance{Name: "SAN"}), 0)
	p.Instance = "SAN"
	r, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	got := make(map[string]time.Time)
	for _, m := range w.targets()[0].Mechanisms {
		got[m.Portal.Instance] = m.LastSeen
	}
	if diff := cmp.Diff(map[string]time.Time{"san": seen, "SAN": w.clock}, got); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
	if len(r.Changes) != 1 {
		t.Errorf("changes %v", r.Changes)
	}
}
