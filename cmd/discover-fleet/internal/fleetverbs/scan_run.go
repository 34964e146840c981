package fleetverbs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
)

// A scanRun is a shared scan that runs.
type scanRun struct {
	*scanVerb
	scan  *sweep.Scan
	out   *scanOutput
	watch *scanWatch

	mu       sync.Mutex // guards the following
	tally    *scanTally
	progress sweep.Progress
	changed  time.Time // when the progress did
	told     int       // hosts that were taken out of the job, and said
}

func newScanRun(s *scanVerb, one *sweep.Scan) *scanRun {
	r := &scanRun{scanVerb: s, scan: one, tally: newScanTally(s), changed: time.Now()}
	r.progress.Shards = s.job.Shards()
	r.watch = &scanWatch{scanRun: r}
	one.Progress = r.take
	return r
}

// run shows results until all are there, or nothing more can come.
func (r *scanRun) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer outliveReader()()
	w := stream.New(r.beside(), cancel) // where the reader of the pipe has closed it, the scan ends
	r.out = &scanOutput{w: w, format: r.Global.Output, say: func(format string, args ...any) {
		_ = w.Flush()
		r.Say(format, args...)
	}}
	var watching sync.WaitGroup
	watching.Go(func() { r.watch.run(ctx, cancel) })
	why := r.results(ctx, cancel)
	cancel(nil)
	watching.Wait()
	r.Line.Show("")
	err := r.end(why)
	if closed := w.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	if why != nil && !errors.Is(why, context.Canceled) {
		r.Say("%v", why)
	}
	return r.tally.status(r.progress.Shards)
}

// outliveReader has a write fail once nobody reads standard output any more, until the function
// that it returns is called. Otherwise the system ends the process, and hosts go on until the
// lease of the job ends.
func outliveReader() (again func()) {
	closed := make(chan os.Signal, 1)
	signal.Notify(closed, syscall.SIGPIPE)
	return func() { signal.Stop(closed) }
}

// results shows results as they come. It returns why they ended before their time; nil: all
// are there.
func (r *scanRun) results(ctx context.Context, cancel context.CancelCauseFunc) error {
	for one, err := range r.scan.Results(ctx) {
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		r.mu.Lock()
		r.tally.take(one)
		r.mu.Unlock()
		for i := range one.Findings {
			if f := &one.Findings[i]; r.tally.listed(f) {
				if err := r.out.show(one.Host, f); err != nil {
					cancel(err)
					return err
				}
			}
		}
	}
	return nil
}

// end shows what all comes to.
func (r *scanRun) end(why error) error {
	sum := r.tally.sum(r.job, &r.progress)
	if lacks := (*lackingError)(nil); errors.As(why, &lacks) {
		for _, part := range lacks.ranges {
			sum.NotAllowed = append(sum.NotAllowed, jsonRange(part))
		}
	}
	if why != nil {
		sum.Error, sum.cancelled = jsonError(why), errors.Is(why, context.Canceled)
	}
	return r.out.end(r.tally.summed(), sum)
}

// take takes how far the scan is.
func (r *scanRun) take(p sweep.Progress) {
	r.mu.Lock()
	r.progress, r.changed = p, time.Now()
	told := r.told
	r.told = max(told, len(p.Blamed))
	r.mu.Unlock()
	for _, b := range p.Blamed[min(told, len(p.Blamed)):] {
		r.out.say("warning: host %s was taken out of the scan, and its addresses are asked by others: %s", b.Host, b.Why)
	}
	r.showLine()
}

// showLine shows on a terminal how far the scan is.
func (r *scanRun) showLine() {
	if !r.Line.CanChange() {
		return
	}
	r.mu.Lock()
	p, hosts := r.progress, len(r.tally.hosts)
	parts := []string{
		fmt.Sprintf("%d of %s", p.Read, wording.Plural(p.Shards, "shard", "shards")), wording.Plural(hosts, "host", "hosts"),
		fmt.Sprintf("%d answered", r.tally.answered), wording.Plural(r.tally.targets, "target", "targets"),
	}
	r.mu.Unlock()
	if p.Granted == 0 {
		r.Line.Show("waiting for hosts that take part")
		return
	}
	if took := time.Since(r.begun); p.Read > 0 && p.Read < p.Shards {
		parts = append(parts, fmt.Sprintf("%d s left", 1+int(took.Seconds()/float64(p.Read)*float64(p.Shards-p.Read))))
	}
	r.Line.Show(strings.Join(parts, ", "))
}

// unread returns the shards of which there are no results.
func (r *scanRun) unread() (parts []fleet.Shard) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range r.progress.Shards {
		if part, ok := r.job.Shard(n); ok && !r.tally.read[n] {
			parts = append(parts, part)
		}
	}
	return parts
}
