package fleetverbs

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
)

// How long a scan that does not get on waits.
const (
	lookFirst   = 2 * time.Second  // until it is looked who takes part
	lookEvery   = 3 * time.Second  // and again
	offersGrace = 4 * time.Second  // for a host that allows something to offer it
	hostGrace   = 40 * time.Second // for hosts that took part to come back, and for another leader
)

// A scanWatch ends a scan that cannot get on, and says why.
type scanWatch struct {
	*scanRun
	noLeader time.Time // since when no host leads; zero: one does
	said     bool      // that no host allows some of the addresses
}

// run looks until ctx ends.
func (w *scanWatch) run(ctx context.Context, end context.CancelCauseFunc) {
	next := time.NewTimer(lookFirst)
	defer next.Stop()
	line := time.NewTicker(time.Second)
	defer line.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-line.C:
			w.showLine()
			continue
		case <-next.C:
		}
		next.Reset(lookEvery)
		w.mu.Lock()
		quiet := time.Since(w.changed)
		w.mu.Unlock()
		if w.said && quiet < lookEvery {
			continue // it gets on
		}
		s, err := w.scanRun.scan.Survey(ctx)
		if err != nil {
			continue // the results tell it, where it lasts
		}
		if err := w.judge(s, quiet, time.Now()); err != nil {
			end(err)
			return
		}
	}
}

// judge returns why the scan cannot get on; nil: it may.
func (w *scanWatch) judge(s *sweep.Survey, quiet time.Duration, now time.Time) error {
	w.mu.Lock()
	p := w.progress
	w.mu.Unlock()
	for _, b := range p.Blamed {
		delete(s.Offers, b.Host)
	}
	if s.Leader != "" {
		w.noLeader = time.Time{}
	} else if w.noLeader.IsZero() {
		w.noLeader = now
		w.out.say("warning: no host leads the fleet %s at the moment: the scan goes on when one does", w.fleet.Name)
	} else if now.Sub(w.noLeader) > hostGrace {
		return fmt.Errorf("no host has led the fleet %s for %s: start a discoverd with --fleet-lead, and ask for the rest again", w.fleet.Name, hostGrace)
	}
	unread := w.unread()
	lacking := slices.DeleteFunc(slices.Clone(unread), s.Allows)
	if len(lacking) < len(unread) && p.Granted == p.Read && quiet >= hostGrace && s.Leader != "" {
		return fmt.Errorf("host %s leads the fleet %s, and has given out no more addresses for %s though hosts take part: its discoverd says why on its standard error", s.Leader, w.fleet.Name, hostGrace)
	}
	if len(lacking) == 0 {
		return nil
	}
	e := &lackingError{hosts: s.Hosts, fleet: w.fleet.Name, asked: p.Read > 0 || p.Granted > 0}
	e.take(lacking, s)
	switch {
	case len(lacking) == len(unread) && p.Granted == p.Read && quiet >= offersGrace, len(lacking) == len(unread) && quiet >= hostGrace:
		return e
	case len(lacking) < len(unread) && !w.said && p.Granted > 0:
		w.said = true
		w.out.say("warning: %v; the rest goes on", e)
	}
	return nil
}

// A lackingError is addresses that no host allows to be scanned.
type lackingError struct {
	fleet  string
	hosts  int  // that are there
	asked  bool // others were
	ranges []fleet.Range
	partly bool // a host allows a part of one of the shards
}

// take takes the shards of which that is so.
func (e *lackingError) take(parts []fleet.Shard, s *sweep.Survey) {
	for _, part := range parts {
		for _, o := range s.Offers {
			e.partly = e.partly || slices.ContainsFunc(o.Allowed, part.Overlaps)
		}
		if n := len(e.ranges); n > 0 && e.ranges[n-1].Last.Next() == part.First {
			e.ranges[n-1].Last = part.Last
			continue
		}
		e.ranges = append(e.ranges, part.Range)
	}
}

// maxRanges is how many ranges an error names.
const maxRanges = 5

func (e *lackingError) Error() string {
	var names []string
	for _, r := range e.ranges[:min(len(e.ranges), maxRanges)] {
		name := r.String()
		if r.First == r.Last {
			name = r.First.String()
		}
		names = append(names, name)
	}
	if more := len(e.ranges) - len(names); more > 0 {
		names = append(names, wording.Plural(more, "more range", "more ranges"))
	}
	what := "none of the " + wording.Plural(e.hosts, "host", "hosts") + " of the fleet " + e.fleet + " allows"
	if e.hosts == 1 {
		what = "the only host of the fleet " + e.fleet + " does not allow"
	}
	s := what + " a scan of " + strings.Join(names, ", ") + ": give --fleet-scan-allow CIDR to discoverd on hosts that may"
	if e.partly {
		s += ", or smaller shards (--shard) where a host allows a part of one"
	}
	return s
}

func (s *scanVerb) noLeader() error {
	return fmt.Errorf("no host leads the fleet %s, and the one that does gives out what is to be scanned: start a discoverd with --fleet-lead; where one has just ended, try again in 15 s", s.fleet.Name)
}

func (s *scanVerb) noHosts() error {
	return fmt.Errorf("no hosts in the fleet %s; a host joins it by discoverd --fleet %s, and takes part in scans with --fleet-scan-allow CIDR", s.fleet.Name, s.fleet.Name)
}

func jsonRange(r fleet.Range) jsonitem.Text { return jsonitem.Text(r.String()) }

func jsonError(err error) jsonitem.Text { return jsonitem.Text(err.Error()) }

// beside returns standard output in such a way that, where it is a terminal, it does not get
// into the line.
func (r *scanRun) beside() io.Writer {
	if !r.Line.CanChange() {
		return r.Stdout
	}
	return r.Line.Beside(r.Stdout)
}
