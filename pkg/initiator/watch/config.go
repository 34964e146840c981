package watch

import (
	"cmp"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Defaults and bounds of a Config.
const (
	DefaultEvery  = time.Minute
	MinEvery      = time.Second
	DefaultJitter = 0.1
	MaxJitter     = 0.5

	DefaultHold         = 1
	DefaultHoldVanished = 2
	MaxHold             = 100

	// EndGrace is how long attempts that are under way may go on when a watch ends.
	EndGrace = 2 * time.Second

	// NoticeGap is how far apart notices have an iSNS server asked at least.
	NoticeGap = time.Second

	// MaxBackOff is how many intervals an entry that fails is left alone at most.
	MaxBackOff = 10

	DefaultMaxRemembered = 512 << 20 // bytes
)

// A Config says how often entries are asked, and which changes are told. Its zero value
// is ready to use.
type Config struct {
	Every  time.Duration // from the beginning of an attempt to that of the next; 0: DefaultEvery; never less than MinEvery
	Jitter float64       // share of Every by which each interval is longer or shorter at random; 0: DefaultJitter; negative: none
	Now    bool          // ask all at once when the watch begins; otherwise the first attempts are spread over Every

	// Hold is how many answers in a row have to agree before a change is told, and how many
	// attempts before a failure or a recovery is; 0: DefaultHold. HoldVanished is that for a
	// target that is not there any more; 0: DefaultHoldVanished, since targets have moments of
	// empty lists while they are configured.
	Hold, HoldVanished int

	Reload <-chan struct{} // what is watched is read again at once with each value; nil: once in each interval

	// Notices has iSNS servers whose notices of change came: each is asked at once, at most
	// once in NoticeGap, and again after NoticeGap as long as a change that it told is held.
	// Keys that are not watched are passed over. nil: there are none.
	Notices <-chan initiator.Key

	// Report is called with the state of an entry after each attempt, and when it is
	// added or removed, in the goroutine of the loop. The state is valid during the call. nil: nothing is.
	Report func(*State)

	// Observe is called before Report, in the same goroutine, with the state of an entry
	// after each attempt that gave an answer or failed, and when the entry is removed. An
	// attempt that ctx ended, or that the source could not begin, is none. targets are those
	// of the answer; nil: it failed, or was removed. State and targets are valid during the call. nil:
	// nothing is.
	Observe func(s *State, targets []target.Target)

	Clock func() time.Time // the time that events have; nil: time.Now. Intervals do not follow it

	// MaxRemembered is how many bytes of memory the answers may take that are remembered to be
	// compared with; 0: DefaultMaxRemembered. Entries that saw the same share it. Of an answer
	// beyond it only a digest and the count are remembered: a change is told as one
	// TargetChanged without a target's name, with the counts in Is and Was.
	MaxRemembered int64
}

// withDefaults returns c with a value for each field that has a default, and within the bounds.
func (c Config) withDefaults() Config {
	c.Every = max(cmp.Or(c.Every, DefaultEvery), MinEvery)
	c.Jitter = min(max(cmp.Or(c.Jitter, DefaultJitter), 0), MaxJitter)
	c.Hold = min(max(cmp.Or(c.Hold, DefaultHold), 1), MaxHold)
	c.HoldVanished = min(max(cmp.Or(c.HoldVanished, DefaultHoldVanished), 1), MaxHold)
	c.MaxRemembered = cmp.Or(c.MaxRemembered, DefaultMaxRemembered)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c
}
