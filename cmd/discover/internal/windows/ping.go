package windows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// ping tries whether a portal can be reached from an initiator: each time by a
// discovery session, made as for a refresh, whose answer goes nowhere. A portal
// that refuses the login has answered.
func (t *tool) ping(ctx context.Context, q *iscsicli.Ping) (ending, error) {
	run := t.run
	if run.Retried {
		return ending{}, exit.Usagef("--retries has no effect on Ping, which counts each session: give a count instead")
	}
	if q.Timeout > 0 {
		run.Timeout = q.Timeout
	}
	if q.Sized {
		t.Say("warning: the size has no effect: Ping tries a discovery session, not ICMP")
	}
	key := initiator.Key{Instance: q.Instance, Portal: q.Portal}
	return t.asking(ctx, app.DryRun, &run, 0, func(s *registry.Service) (ending, error) {
		if t.Global.DryRun {
			t.print().Line("Dry run: would have asked %s.", terminal.Escape(key.String()))
			return ending{}, nil
		}
		t.print().Line("Discovery sessions with %s:", terminal.Escape(key.String()))
		asked, failed := 0, 0
		var last error
		for asked == 0 || asked < q.Count && pause(ctx, pingPause) {
			r, _ := s.RefreshSendTargetPortal(ctx, key)
			t.LogResult(&r)
			t.NoteName(&r)
			if asked++; !t.answered(&r) {
				failed++
				last = r.Err
			}
		}
		t.layout.Line("%s, %s", wording.Plural(asked, "session was tried", "sessions were tried"), wording.Plural(asked-failed, "was answered", "were answered"))
		return together(asked, failed, last), nil
	})
}

// pingPause is between one session and the next, as long as ping has it: a count of
// 65535 is not to be a flood of logins.
const pingPause = time.Second

// pause waits, and reports whether ctx lasted as long.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answered says how one session ended, and whether the portal answered.
func (t *tool) answered(r *initiator.Result) bool {
	var (
		refused *pdu.LoginError
		moved   *initiator.RedirectError
	)
	answer := func(format string, args ...any) {
		t.layout.Line("    Answer from %s to %s in %.1f ms: %s", r.Address, r.Source,
			float64(r.Elapsed.Microseconds())/1000, terminal.Visible(fmt.Sprintf(format, args...)))
	}
	switch {
	case r.Err == nil:
		answer("%s", wording.Plural(r.TargetsFound, "target", "targets"))
	case errors.As(r.Err, &refused):
		answer("it refuses the login: %s", refused.Status)
	case errors.As(r.Err, &moved):
		answer("it sends us on: %s", moved.Status)
	default:
		t.layout.Line("    No answer: %s", terminal.Visible(r.Err.Error()))
		return false
	}
	return true
}
