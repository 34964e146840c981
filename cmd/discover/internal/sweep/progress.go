package sweep

import (
	"fmt"
	"io"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
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

	asked, answered, failed atomic.Int64

	Sessions *Sessions               // nil: one session for each portal
	open     map[int]*portalSessions // portals of which some sessions are done

	Quit chan struct{}
	Done sync.WaitGroup
}

// portalSessions are what is known of the sessions with one portal.
type portalSessions struct {
	left     int
	answered bool // by one of them
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
			p.Line.Show(p.text(now.Sub(p.Start)))
			next.Reset(progressEvery)
		}
	}
}

// text says how far it is after a time.
func (p *Progress) text(elapsed time.Duration) string {
	asked, answered, failed := p.asked.Load(), p.answered.Load(), p.failed.Load()
	s := fmt.Sprintf("%d of %d asked, %d answered, %d failed", asked, p.Total, answered, failed)
	done := answered + failed
	rate := float64(done) / elapsed.Seconds()
	if done == 0 || elapsed <= 0 {
		return s
	}
	left := time.Duration(float64(int64(p.Total)-done) / rate * float64(time.Second))
	return s + fmt.Sprintf(", %.0f/s, %s left", rate, left.Round(time.Second))
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
				p.result(b.Index, b.Result.Err == nil)
			}
			if !yield(b) {
				return
			}
		}
	}
}

// result counts the portal of a result, unless more of its sessions are to come.
func (p *Progress) result(index int, answered bool) {
	if s := p.Sessions.Session(index); s.of > 1 {
		o := p.open[s.portal]
		if o == nil {
			o = &portalSessions{left: s.of}
		}
		o.answered = o.answered || answered
		if o.left--; o.left > 0 {
			if p.open == nil {
				p.open = make(map[int]*portalSessions)
			}
			p.open[s.portal] = o
			return
		}
		delete(p.open, s.portal)
		answered = o.answered
	}
	if answered {
		p.answered.Add(1)
	} else {
		p.failed.Add(1)
	}
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
