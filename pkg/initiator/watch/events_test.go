package watch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// incomplete is an answer that leaves something out.
func incomplete(r initiator.Result) initiator.Result {
	r.Complete, r.LeftOut = false, 1
	return r
}

func withAuth(r initiator.Result, o auth.Outcome) initiator.Result {
	r.Auth = o
	return r
}

// TestEvents: what answers in a row make of events. The watch is over before a further one.
func TestEvents(t *testing.T) {
	t.Parallel()
	login := fails(initiator.StageLogin, errRefused)
	own := fails(initiator.StageStore, errRefused)
	cancelled := fails(initiator.StageConnect, context.Canceled)
	chap := auth.Outcome{Method: "CHAP", Done: true, Algorithm: auth.SHA256, Mutual: true}
	md5 := auth.Outcome{Method: "CHAP", Done: true, Algorithm: auth.MD5}
	none := auth.Outcome{Method: "None"}
	const snap2, snapDown = "snapshot 192.0.0.0 true 2", "snapshot 192.0.0.0 false 0"
	type answers = []initiator.Result
	tests := []struct {
		name    string
		hold    int
		missing int // HoldVanished
		answers answers
		want    []string
	}{
		{name: "nothing changes", answers: answers{has("a", "b"), has("b", "a"), has("a", "b")}, want: []string{snap2}},
		{name: "appears", answers: answers{has("a", "b"), has("c", "a", "b"), has("a", "b", "c")}, want: []string{snap2, "target-appeared 192.0.0.0 c"}},
		{name: "a first answer without targets", answers: answers{has(), has("a")}, want: []string{"snapshot 192.0.0.0 true 0", "target-appeared 192.0.0.0 a"}},
		{name: "changes", answers: answers{has("a", "b"), has("a@192.0.2.11", "b"), has("a@192.0.2.11", "b")}, want: []string{snap2, "target-changed 192.0.0.0 a"}},
		{name: "vanishes, held once", answers: answers{has("a", "b"), has("a"), has("a"), has("a")}, want: []string{snap2, "target-vanished 192.0.0.0 b"}},
		{name: "vanishes for one answer", answers: answers{has("a", "b"), has("a"), has("a", "b"), has("a"), has("a", "b")}, want: []string{snap2}},
		{name: "an empty list for one answer", answers: answers{has("a", "b"), has(), has("a", "b")}, want: []string{snap2}},
		{name: "vanishes at once", missing: 1, answers: answers{has("a", "b"), has("a"), has("a", "b")}, want: []string{snap2, "target-vanished 192.0.0.0 b", "target-appeared 192.0.0.0 b"}},
		{name: "vanishes, with a failure between", answers: answers{has("a", "b"), has("a"), down, has("a")}, want: []string{snap2, "portal-failed 192.0.0.0 0xefff0003 was 0x0", "portal-recovered 192.0.0.0 1 after 2m0s", "target-vanished 192.0.0.0 b"}},
		{name: "appears, held", hold: 2, answers: answers{has("a", "b"), has("a", "b", "c"), has("a", "b", "c")}, want: []string{snap2, "target-appeared 192.0.0.0 c"}},
		{name: "appears for one answer, held", hold: 2, answers: answers{has("a", "b"), has("a", "b", "c"), has("a", "b"), has("a", "b", "c")}, want: []string{snap2}},
		{name: "changes to and fro, held", hold: 2, answers: answers{has("a", "b"), has("a@192.0.2.11", "b"), has("a@192.0.2.12", "b"), has("a@192.0.2.11", "b")}, want: []string{snap2}},
		{name: "one appears while another is held", answers: answers{has("a", "b"), has("a", "c"), has("a", "c")}, want: []string{snap2, "target-appeared 192.0.0.0 c", "target-vanished 192.0.0.0 b"}},
		{name: "incomplete: nothing vanishes", answers: answers{has("a", "b"), incomplete(has("c")), incomplete(has("c")), incomplete(has("c"))}, want: []string{snap2, "target-appeared 192.0.0.0 c"}},
		{name: "incomplete between", answers: answers{has("a", "b"), has("a"), incomplete(has("a")), has("a")}, want: []string{snap2, "target-vanished 192.0.0.0 b"}},
		{name: "complete again", answers: answers{has("a", "b"), incomplete(has("a")), has("a", "b")}, want: []string{snap2}},
		{name: "fails", answers: answers{has("a", "b"), down, down, has("a", "b"), has("a", "b")}, want: []string{snap2, "portal-failed 192.0.0.0 0xefff0003 was 0x0", "portal-recovered 192.0.0.0 2 after 6m0s"}},
		{name: "another cause", answers: answers{has("a", "b"), down, login, login}, want: []string{snap2, "portal-failed 192.0.0.0 0xefff0003 was 0x0", "portal-failed 192.0.0.0 0xefff0024 was 0xefff0003"}},
		{name: "fails from the first", answers: answers{down, down, has("a"), has("a", "b")}, want: []string{snapDown, "portal-recovered 192.0.0.0 1 after 6m0s", "target-appeared 192.0.0.0 b"}},
		{name: "fails from the first, of another cause", answers: answers{down, login}, want: []string{snapDown, "portal-failed 192.0.0.0 0xefff0024 was 0xefff0003"}},
		{name: "fails once, held", hold: 2, answers: answers{has("a", "b"), down, has("a", "b"), down, has("a", "b")}, want: []string{snap2}},
		{name: "fails twice of different causes, held", hold: 2, answers: answers{has("a", "b"), down, login, has("a", "b"), has("a", "b")}, want: []string{snap2, "portal-failed 192.0.0.0 0xefff0024 was 0x0", "portal-recovered 192.0.0.0 2 after 7m0s"}},
		{name: "our own faults", answers: answers{own, has("a", "b"), own, cancelled, has("a", "b"), has("a", "b", "c")}, want: []string{snap2, "target-appeared 192.0.0.0 c"}},
		{name: "our own faults while it fails", answers: answers{has("a", "b"), down, own, down}, want: []string{snap2, "portal-failed 192.0.0.0 0xefff0003 was 0x0"}},
		{name: "targets of a failed answer", answers: answers{has("a", "b"), {Err: down.Err, Targets: has("x").Targets}}, want: []string{snap2, "portal-failed 192.0.0.0 0xefff0003 was 0x0"}},
		{name: "authentication", answers: answers{withAuth(has(), none), withAuth(has(), chap), down, withAuth(has(), md5), withAuth(has(), md5)}, want: []string{
			"snapshot 192.0.0.0 true 0", `auth-changed 192.0.0.0 is "chap sha256 mutual" was "none"`, "portal-failed 192.0.0.0 0xefff0003 was 0x0",
			"portal-recovered 192.0.0.0 0 after 2m0s", `auth-changed 192.0.0.0 is "chap md5" was "chap sha256 mutual"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, key(0))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				f.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
					if n == len(tt.answers)-1 {
						time.AfterFunc(time.Second, cancel)
					}
					return tt.answers[n]
				}
				var got []string
				for e := range watch.Run(ctx, f, watch.Config{Now: true, Jitter: -1, Hold: tt.hold, HoldVanished: tt.missing}) {
					got = append(got, tell(e))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			})
		})
	}
}
