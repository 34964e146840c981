package leader

import (
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// SetKeep changes for how long answers and hosts are kept that nobody names.
func (l *Leader) SetKeep(answer, host time.Duration) { l.keep, l.forget = answer, host }

// SetGrace changes how long a host that does not deliver may be one that is gone.
func (l *Leader) SetGrace(d time.Duration) { l.grace = d }

// SetWait changes how long a candidate waits after a failure.
func (l *Leader) SetWait(d time.Duration) { l.firstWait = d }

// SetEvery changes the interval, before Run.
func (l *Leader) SetEvery(d time.Duration) { l.cfg.Every = d }

// SetReader has l read the fleet by a Reader of the caller's, before Run.
func (l *Leader) SetReader(r *view.Reader) { l.cfg.Reader = r }
