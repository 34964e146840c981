package sweep

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

const (
	numbersFrom   = 16                     // portals: of fewer the line names one that is waited for
	progressFirst = time.Second            // when the line is shown first
	progressEvery = 200 * time.Millisecond // and how often it changes
)

// Progress is a line on the terminal that says how far a run has come: of a few portals it
// names one that is waited for, of many it has nothing but numbers. It goes away for
// whatever else is printed, and at the end. A nil progress shows nothing.
type Progress struct {
	line   *terminal.StatusLine
	total  atomic.Int64 // portals; 0: not known
	start  time.Time
	counts bool // portals are counted as the Discoverer begins with them, and not by Begin

	stages      *initiator.Stages
	asked, done atomic.Int64 // portals
	silent      atomic.Int64 // of those done
	unconnected atomic.Int64 // likewise, with the silent ones
	left        timeLeft

	sessions *Sessions               // nil: one session for each portal
	open     map[int]*portalSessions // portals of which some sessions are done

	mu      sync.Mutex // guards the following, and is held while the line is shown
	waiting waitingList
	then    string // what is waited for when all portals are done

	quit chan struct{}
	over sync.WaitGroup
}

// portalSessions are what is known of the sessions with one portal.
type portalSessions struct {
	left int
	best Group
}

// NewProgress returns the progress of a run over so many portals by d, which it listens to;
// 0: they are counted as d begins with them, and Expect may say how many there are. sessions
// is nil where each portal has one. It is shown from Show on.
func NewProgress(line *terminal.StatusLine, total int, pace Pace, d *initiator.Discoverer, sessions *Sessions) *Progress {
	p := &Progress{line: line, start: time.Now(), counts: total == 0, sessions: sessions, quit: make(chan struct{}), left: timeLeft{pace: pace}}
	p.Expect(total)
	if d.Stages == nil {
		d.Stages = new(initiator.Stages)
	}
	p.stages = d.Stages
	if total < numbersFrom {
		d.Reached = p.reached
	}
	return p
}

// Expect says how many portals there are.
func (p *Progress) Expect(total int) {
	if p != nil {
		p.total.Store(int64(total))
	}
}

// Then says what the run waits for when all portals are done.
func (p *Progress) Then(what string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.then = what
}

// Show shows the line until it is stopped, or ctx ends.
func (p *Progress) Show(ctx context.Context) {
	if p == nil {
		return
	}
	p.over.Go(func() {
		next := time.NewTimer(progressFirst)
		defer next.Stop()
		for {
			select {
			case <-p.quit:
			case <-ctx.Done():
			case now := <-next.C:
				p.show(now)
				next.Reset(progressEvery)
				continue
			}
			p.line.Show("")
			return
		}
	})
}

// show shows how far it is now.
func (p *Progress) show(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.then
	if portals := p.portals(); p.done.Load() < portals {
		u, others := p.waiting.first()
		switch {
		case portals >= numbersFrom:
			s = p.numbers(now.Sub(p.start), p.line.Columns())
		case u != nil:
			s = p.names(u, others, now, p.line.Columns())
		}
	}
	p.line.Show(s)
}

// portals returns how many portals there are, as far as that is known.
func (p *Progress) portals() int64 { return max(p.total.Load(), p.asked.Load()) }

// names names the portal that is waited for, in fewer columns than there are: what has no
// room is left out as a whole, how it stands at last.
func (p *Progress) names(u *underWay, others int, now time.Time, columns int) string {
	done, how, more := "", " ("+u.how(&p.left.pace, now)+")", ""
	if n, total := p.done.Load(), p.portals(); total > 1 {
		done = fmt.Sprintf("%d of %d done, ", n, total)
	}
	if others > 0 {
		more = fmt.Sprintf(" and %d more", others)
	}
	s := ""
	for _, leave := range []*string{nil, &done, &more, &how} {
		if leave != nil {
			*leave = ""
		}
		if s = done + "waiting for " + u.portal + how + more; column.Width(s) < columns {
			break
		}
	}
	return s
}

// numbers says how far it is after a time, in fewer columns than there are: what has no
// room is left out as a whole, the stages before the time left.
func (p *Progress) numbers(elapsed time.Duration, columns int) string {
	done, silent, unconnected := p.done.Load(), p.silent.Load(), p.unconnected.Load()
	asked, connected, total := p.asked.Load(), p.stages.Connected.Load(), p.total.Load()
	of := ""
	if total > 0 {
		of = fmt.Sprintf(" of %d", total)
	}
	parts := []string{
		fmt.Sprintf("%d%s asked", asked, of),
		fmt.Sprintf("%d connected", connected),
		fmt.Sprintf("%d logged in", p.stages.LoggedIn.Load()),
		wording.Plural(int(p.stages.Targets.Load()), "target", "targets"),
	}
	connecting := asked - connected - unconnected
	if p.sessions != nil { // which are connected, and portals are asked
		connecting = asked - done
	}
	p.left.total = p.portals()
	if left, ok := p.left.after(sample{elapsed, asked, done, silent, max(0, connecting)}); ok && total > 0 {
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

// reached hears from the Discoverer which stage a portal has come to.
func (p *Progress) reached(index int, portal initiator.Portal, s initiator.Stage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting.reached(index, portal, s, time.Now()) && p.counts {
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
			p.Found(b)
			if !yield(b) {
				return
			}
		}
	}
}

// Found counts the result of a batch. Where it is the last that is waited for, the line
// goes away: what follows is printed.
func (p *Progress) Found(b *initiator.Batch) {
	if b.Result == nil {
		return
	}
	p.result(b.Index, b.Result)
	if p.done.Load() >= p.portals() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.line.Show("")
	}
}

// result counts the portal of a result, unless more of its sessions are to come.
func (p *Progress) result(index int, r *initiator.Result) {
	g, _ := GroupOf(r)
	if s := p.sessions.Session(index); s.of > 1 {
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
	close(p.quit)
	p.over.Wait()
}

// Beside returns w in such a way that what is written to it, where it is a terminal,
// does not get into the line.
func (p *Progress) Beside(w io.Writer) io.Writer {
	if p == nil {
		return w
	}
	return p.line.Beside(w)
}
