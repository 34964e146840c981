package watch

import "time"

// Defaults and bounds of a Config.
const (
	DefaultEvery  = time.Minute
	MinEvery      = time.Second
	DefaultJitter = 0.1
	MaxJitter     = 0.5

	DefaultHold         = 1
	DefaultHoldVanished = 2
	MaxHold             = 100

	// MaxBackOff is how many intervals an entry that fails is left alone at most.
	MaxBackOff = 10
)

// A Config says how often entries are asked, and which changes are told. Its zero value
// is ready to use.
type Config struct {
	Every  time.Duration // from the beginning of an attempt to that of the next; 0: DefaultEvery; never less than MinEvery
	Jitter float64       // share of Every by which each interval is longer or shorter at random; 0: DefaultJitter; negative: none
	Now    bool          // ask all at once when the watch begins; otherwise the first attempts are spread over Every

	// Hold is how many answers in a row have to agree before a change is told; 0: DefaultHold.
	// HoldVanished is that for a target that is not there any more; 0: DefaultHoldVanished,
	// since targets have moments of empty lists while they are configured.
	Hold, HoldVanished int

	Reload <-chan struct{} // what is watched is read again at once with each value; nil: once in each interval

	// Report is called with the state of an entry after each attempt, and when it is
	// added or removed, in the goroutine of the loop. The state is valid during the call. nil: nothing is.
	Report func(*State)

	Clock func() time.Time // the time that events have; nil: time.Now. Intervals do not follow it
}
