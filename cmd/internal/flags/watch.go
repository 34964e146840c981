package flags

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// Watch has the flags that say how often portals are asked again, and which changes are
// told.
type Watch struct {
	Every              time.Duration // 0: not given
	jitter             percentage
	now                bool
	hold, holdVanished int64
}

// FlagSet defines the flags.
func (w *Watch) FlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.Var(&duration{&w.Every}, "every", "time from one attempt to the next, 1s or more; default 1m. A portal that fails is asked less often, down to a tenth")
	fs.Var(&w.jitter, "jitter", "by how much each interval is longer or shorter at random, 0% to 50%; default 10%")
	fs.BoolVar(&w.now, "now", false, "ask all portals at once at the beginning; default: spread over the first interval")
	fs.Var(&number{value: &w.hold, name: "N", min: 1, max: watch.MaxHold}, "hold", "report a change only when N answers in a row agree; default 1")
	fs.Var(&number{value: &w.holdVanished, name: "N", min: 1, max: watch.MaxHold}, "hold-vanished", "the same for targets that vanish; default 2")
	return fs
}

// Check refuses values that are out of bounds.
func (w *Watch) Check() error {
	if w.Every != 0 && w.Every < watch.MinEvery {
		return exit.Usagef("--every %s: expected 1s or more", w.Every)
	}
	return nil
}

// Config returns how to watch.
func (w *Watch) Config() watch.Config {
	c := watch.Config{Every: w.Every, Now: w.now, Hold: int(w.hold), HoldVanished: int(w.holdVanished)}
	if w.jitter.given {
		if c.Jitter = w.jitter.share; c.Jitter == 0 {
			c.Jitter = -1 // none
		}
	}
	return c
}

// A percentage is a share, such as 10%.
type percentage struct {
	share float64
	given bool
}

// String is empty: the manual tells the default in words.
func (p *percentage) String() string { return "" }

// Type stands for the value in the manual.
func (p *percentage) Type() string { return "PERCENT" }

// Set takes a percentage, with or without its sign.
func (p *percentage) Set(s string) error {
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !(v >= 0 && v <= 100*watch.MaxJitter) {
		return errors.New("expected a percentage from 0% to 50%")
	}
	*p = percentage{v / 100, true}
	return nil
}
