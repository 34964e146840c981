package sweep

import (
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

const (
	doubtAfter = 5 * time.Second // of nothing
	doubtFrom  = 32              // addresses: of fewer it is nothing unusual that none is in use
)

// A Doubt is whether the blocks of a run are the wrong ones, or asked from the wrong place:
// where no address has taken or refused a connection in the first five seconds, or when
// all are done before that, it says once what to check. A nil doubt says nothing.
type Doubt struct {
	portals  *Portals
	sessions *Sessions
	stages   *initiator.Stages
	say      func(format string, args ...any)
	timer    *time.Timer

	mu     sync.Mutex // guards the following
	asked  int
	others int64 // connected portals that were given one by one
	over   bool  // it was said, or there is nothing to say
}

// NewDoubt returns the doubt of a run; nil where it has few addresses in blocks.
func NewDoubt(p *Portals, sessions *Sessions, stages *initiator.Stages, say func(format string, args ...any)) *Doubt {
	n := 0
	for _, b := range p.Blocks() {
		n += b.Count
	}
	if n < doubtFrom {
		return nil
	}
	return &Doubt{portals: p, sessions: sessions, stages: stages, say: say}
}

// Begin counts a portal that is about to be asked.
func (d *Doubt) Begin() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
}

// Count looks at results as they come, with the indexes of sessions.
func (d *Doubt) Count(batches iter.Seq[*initiator.Batch]) iter.Seq[*initiator.Batch] {
	if d == nil {
		return batches
	}
	return func(yield func(*initiator.Batch) bool) {
		d.timer = time.AfterFunc(doubtAfter, func() {
			d.check(" within "+doubtAfter.String(), "; the scan goes on")
		})
		defer d.timer.Stop()
		for b := range batches {
			if b.Result != nil {
				d.result(d.sessions.Session(b.Index).Portal, b.Result)
			}
			if !yield(b) {
				return
			}
		}
	}
}

// result looks at a result.
func (d *Doubt) result(portal int, r *initiator.Result) {
	g, _ := GroupOf(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.over || g >= Interrupted:
	case d.portals.Block(portal) == nil:
		if g.connected() {
			d.others++
		}
	case g != Silent && g != Unreachable: // what this host cannot do has its own words
		d.over = true
	}
}

// End is for a run that was not cancelled.
func (d *Doubt) End() {
	if d != nil {
		d.check("", "")
	}
}

// check says what there is to say.
func (d *Doubt) check(within, after string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over || d.asked < doubtFrom || d.stages.Connected.Load() > d.others {
		return
	}
	d.over = true
	where := "the blocks and ranges"
	blocks := d.portals.Blocks()
	if !slices.ContainsFunc(blocks, func(b *Block) bool { return b.Text != blocks[0].Text }) {
		where = blocks[0].Text
	}
	d.say("no address of %s has answered or refused%s; if hosts should be there, check the route, the network or VLAN of the port that asks (--source, --initiator-port), the TCP port (--tcp-port) and the firewalls in between%s", where, within, after)
}
