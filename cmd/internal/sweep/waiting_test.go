package sweep

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// TestHow: the limit that ends a stage is its own, or that of the portal, where that is
// nearer or the stage has none.
func TestHow(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 11, 30, 2, 15, 0, 0, time.UTC)
	const s = time.Second
	for _, tt := range []struct {
		stage      initiator.Stage
		since, now time.Duration // after the portal was begun
		pace       Pace
		want       string
	}{
		{initiator.StageConnect, 0, 2 * s, Pace{Connect: 3 * s, Portal: 15 * s}, "connecting, 2 s of 3 s"},
		{initiator.StageConnect, 14 * s, 14*s + s/2, Pace{Connect: 3 * s, Portal: 15 * s}, "connecting, 14 s of 15 s"},
		{initiator.StageConnect, 2 * s, 2*s + s/10, Pace{Portal: 15 * s}, "connecting, 2 s of 15 s"},
		{initiator.StageLogin, 2 * s, 2 * s, Pace{Connect: 3 * s, Portal: 15 * s}, "logging in, 2 s of 15 s"},
		{initiator.StageLogin, 2 * s, 4 * s, Pace{Login: 5 * s, Portal: 15 * s}, "logging in, 2 s of 5 s"},
		{initiator.StageResolve, 0, s, Pace{Connect: 3 * s, Portal: 2500 * time.Millisecond}, "looking up the name, 1 s of 2.5 s"},
		{initiator.StageValidate, 0, s, Pace{Portal: 15 * s}, "1 s of 15 s"},
	} {
		u := &underWay{stage: tt.stage, begun: begun, since: begun.Add(tt.since)}
		if got := u.how(&tt.pace, begun.Add(tt.now)); got != tt.want {
			t.Errorf("%v after %v: got %q, want %q", tt.stage, tt.now, got, tt.want)
		}
	}
}
