package sweep

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

const (
	ProgressFrom  = 16                     // portals: fewer are done before one could read it
	progressFirst = 500 * time.Millisecond // when the line is shown first
	progressEvery = 200 * time.Millisecond // and how often it changes
)

// Progress is a line on the terminal that says how far a sweep has come. It has
// nothing in it but numbers, and goes away for whatever else is printed, and at the
// end. A nil progress shows nothing.
type Progress struct {
	Line  *machine.StatusLine
	Total int
	Start time.Time

	Stages      *initiator.Stages
	asked, done atomic.Int64 // portals
	silent      atomic.Int64 // of those done
	unconnected atomic.Int64 // likewise, with the silent ones
	left        timeLeft

	Sessions *Sessions               // nil: one session for each portal
	open     map[int]*portalSessions // portals of which some sessions are done

	Quit chan struct{}
	Done sync.WaitGroup
}

// portalSessions are what is known of the sessions with one portal.
type portalSessions struct {
	left int
	best Group
}

// NewProgress returns the progress of a run over so many portals. It is shown by Run.
func NewProgress(line *machine.StatusLine, total int, pace Pace, stages *initiator.Stages, sessions *Sessions) *Progress {
	return &Progress{
		Line: line, Total: total, Start: time.Now(), Stages: stages, Sessions: sessions, Quit: make(chan struct{}),
		left: timeLeft{pace: pace, total: int64(total)},
	}
}

// Run shows the line until it is stopped.
func (p *Progress) Run() {
	next := time.NewTimer(progressFirst)
	defer next.Stop()
	for {
		select {
		case <-p.Quit:
			p.Line.Show("")
			return
		case now := <-next.C:
			p.Line.Show(p.text(now.Sub(p.Start), p.Line.Columns()))
			next.Reset(progressEvery)
		}
	}
}

// text says how far it is after a time, in fewer columns than there are: what has no room
// is left out as a whole, the stages before the time left.
func (p *Progress) text(elapsed time.Duration, columns int) string {
	done, silent, unconnected := p.done.Load(), p.silent.Load(), p.unconnected.Load()
	asked, connected := p.asked.Load(), p.Stages.Connected.Load()
	parts := []string{
		fmt.Sprintf("%d of %d asked", asked, p.Total),
		fmt.Sprintf("%d connected", connected),
		fmt.Sprintf("%d logged in", p.Stages.LoggedIn.Load()),
		machine.Plural(int(p.Stages.Targets.Load()), "target", "targets"),
	}
	connecting := asked - connected - unconnected
	if p.Sessions != nil { // which are connected, and portals are asked
		connecting = asked - done
	}
	if left, ok := p.left.after(sample{elapsed, asked, done, silent, max(0, connecting)}); ok {
		parts = append(parts, fmt.Sprintf("%d s left", seconds(left)))
	}
	for _, least := range []string{"logged in", "connected", "target", "left"} {
		if len(strings.Join(parts, ", ")) < columns {
			break
		}
		parts = slices.DeleteFunc(parts, func(s string) bool { return strings.Contains(s, least) })
	}
	return strings.Join(parts, ", ")
}

// Begin counts a portal that is about to be asked.
func (p *Progress) Begin() {
	if p != nil {
		p.asked.Add(1)
	}
}

// Count counts results as they come, before they wait for their turn.
func (p *Progress) Count(batches iter.Seq[*initiator.Batch]) iter.Seq[*initiator.Batch] {
	if p == nil {
		return batches
	}
	return func(yield func(*initiator.Batch) bool) {
		for b := range batches {
			if b.Result != nil {
				p.result(b.Index, b.Result)
			}
			if !yield(b) {
				return
			}
		}
	}
}

// result counts the portal of a result, unless more of its sessions are to come.
func (p *Progress) result(index int, r *initiator.Result) {
	g, _ := groupOf(r)
	if s := p.Sessions.Session(index); s.of > 1 {
		o := p.open[s.Portal]
		if o == nil {
			o = &portalSessions{left: s.of, best: g}
		}
		o.best = min(o.best, g)
		if o.left--; o.left > 0 {
			if p.open == nil {
				p.open = make(map[int]*portalSessions)
			}
			p.open[s.Portal] = o
			return
		}
		delete(p.open, s.Portal)
		g = o.best
	}
	if g == Silent {
		p.silent.Add(1)
	}
	if !g.connected() {
		p.unconnected.Add(1)
	}
	p.done.Add(1)
}

// Stop takes the line away for good.
func (p *Progress) Stop() {
	if p == nil {
		return
	}
	close(p.Quit)
	p.Done.Wait()
}

// Beside returns w in such a way that what is written to it, where it is a terminal,
// does not get into the line.
func (p *Progress) Beside(w io.Writer) io.Writer {
	if p == nil || p.Line.Terminal(w) == 0 {
		return w
	}
	return besideLine{p.Line, w}
}

type besideLine struct {
	line *machine.StatusLine
	w    io.Writer
}

func (b besideLine) Write(p []byte) (n int, err error) {
	b.line.Away(func() {
		n, err = b.w.Write(p)
		b.line.Within = len(p) > 0 && p[len(p)-1] != '\n' // of -o json
	})
	return n, err
}
