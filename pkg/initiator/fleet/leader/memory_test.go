package leader

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// TestSuspect: a host that did not deliver lies only if it is still there when its lease has
// had time to end.
func TestSuspect(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	there, gone := &view.Host{Name: "h", Info: &fleet.Info{Host: "h"}}, &view.Host{Name: "h"}
	tests := []struct {
		name string
		then *view.Host
		at   time.Duration
		want string
	}{
		{"still there", there, time.Minute, "late"},
		{"gone", gone, time.Minute, ""},
		{"too soon to say", there, time.Second, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMemory()
			m.look(nil, there, start)
			m.suspect("h", "late", start.Add(time.Minute))
			m.look(there, tt.then, start)
			m.judge(start.Add(tt.at))
			if got := m.hosts["h"].Lie; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestLack: when hosts are asked again.
func TestLack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	l := &lack{tried: map[string]bool{"h": true}}
	if !l.isDue(now) {
		t.Fatal("a new lack is not due")
	}
	l.exhaust(now, time.Minute)
	if l.isDue(now) || l.isDue(now.Add(asksAgain*time.Minute-1)) || !l.isDue(now.Add(asksAgain*time.Minute)) {
		t.Errorf("after the first round: got again at %v", l.again.Sub(now))
	}
	l.exhausted = false // another host names the answer, which turns out to have been tried
	l.exhaust(now.Add(time.Minute), time.Minute)
	if l.isDue(now.Add(2*time.Minute)) || len(l.tried) != 1 {
		t.Errorf("got due at %v, tried %v", l.again.Sub(now), l.tried)
	}
	now = now.Add(asksAgain * time.Minute)
	l.exhaust(now, time.Minute)
	if !l.isDue(now) || len(l.tried) != 0 {
		t.Errorf("got due %v, tried %v: want all to be tried again", l.isDue(now), l.tried)
	}
	l.exhaust(now, time.Minute)
	if l.isDue(now.Add(2*asksAgain*time.Minute-1)) || !l.isDue(now.Add(2*asksAgain*time.Minute)) {
		t.Errorf("after the second round: got again after %v, want twice as long", l.again.Sub(now))
	}
}
