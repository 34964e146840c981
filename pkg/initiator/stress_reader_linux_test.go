package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// A stressReader reads the results of one run.
type stressReader struct {
	t      *testing.T
	r      *stressRound
	cancel context.CancelFunc

	yields      atomic.Int64 // portals that the sequence yielded
	interrupted atomic.Bool  // the context is about to end, or has ended

	events int
	finite int              // results of portals that are not endless
	left   bool             // the loop ended early
	found  map[int][]string // names, by portal
	done   map[int]bool     // portals that have a result
}

func newStressReader(t *testing.T, r *stressRound, cancel context.CancelFunc) *stressReader {
	return &stressReader{t: t, r: r, cancel: cancel, found: make(map[int][]string), done: make(map[int]bool)}
}

func (s *stressReader) interrupt() {
	s.interrupted.Store(true)
	s.cancel()
}

// read runs the loop.
func (s *stressReader) read(ctx context.Context) {
	if s.r.ending == cancelSometime {
		defer time.AfterFunc(s.r.after, s.interrupt).Stop()
	}
	returned := false
	defer func() {
		thrown := recover()
		early := s.left && s.r.ending != breakLoop
		if want := early && s.r.ending == panicInLoop; returned == early || want != (thrown == s) {
			s.t.Errorf("the loop returned: %t; it panicked with %v", returned, thrown)
		}
	}()
	switch s.r.api {
	case viaRun:
		s.run(ctx)
	case viaBatches:
		s.batches(ctx)
	case viaDiscoverAll:
		s.discoverAll(ctx)
	}
	returned = true
}

// sequence yields the portals.
func (s *stressReader) sequence(yield func(initiator.SendTargetPortal) bool) {
	s.r.resting <- struct{}{}
	defer func() { <-s.r.resting }()
	for i, p := range s.r.portals {
		if s.r.ending == cancelSequence && i+1 == s.r.at {
			s.interrupt()
		}
		if i == s.r.restAt {
			time.Sleep(s.r.rest)
		}
		if p.begin != nil {
			p.begin()
		}
		s.yields.Add(1)
		if !yield(p.ask(i)) {
			return
		}
	}
}

func (s *stressReader) run(ctx context.Context) {
	for e := range s.r.d.Run(ctx, s.sequence) {
		goOn := false
		switch e := e.(type) {
		case initiator.TargetFound:
			goOn = s.target(e.Index, e.Portal, e.Target.Name)
		case initiator.PortalDone:
			goOn = s.result(e.Index, &e.Result)
		}
		if !goOn {
			break
		}
	}
}

func (s *stressReader) batches(ctx context.Context) {
	for b := range s.r.d.Batches(ctx, s.sequence) {
		goOn := true
		for i := 0; goOn && i < b.Len(); i++ {
			goOn = s.target(b.Index, b.Portal, b.Target(i).Name)
		}
		if !goOn || b.Result != nil && !s.result(b.Index, b.Result) {
			break
		}
	}
}

func (s *stressReader) discoverAll(ctx context.Context) {
	index := 0
	for r := range s.r.d.DiscoverAll(ctx, s.sequence) {
		for _, t := range r.Targets {
			s.found[index] = append(s.found[index], t.Name)
		}
		if !s.result(index, &r) {
			break
		}
		index++
	}
}

// target takes a target; false: the loop is to be left.
func (s *stressReader) target(index int, portal initiator.Portal, name string) bool {
	if s.done[index] || portal.SymbolicName != fmt.Sprint(index) {
		s.t.Errorf("target %s of portal %d, labelled %s, which is done: %t", name, index, portal.SymbolicName, s.done[index])
	}
	s.found[index] = append(s.found[index], name)
	return s.next()
}

// result takes a result; false: the loop is to be left.
func (s *stressReader) result(index int, r *initiator.Result) bool {
	interrupted := s.interrupted.Load()
	switch {
	case index >= len(s.r.portals) || r.Asked.Portal.SymbolicName != fmt.Sprint(index):
		s.t.Errorf("result %d is of portal %s", index, r.Asked.Portal.SymbolicName)
		return s.next()
	case s.done[index]:
		s.t.Errorf("portal %d has two results", index)
	}
	s.done[index] = true
	p := s.r.portals[index]
	if why := s.wrong(p, r, s.found[index], interrupted); why != "" {
		s.t.Errorf("portal %d, %s, interrupted %t: %s: %d targets, %v", index, p.kind, interrupted, why, len(s.found[index]), r.Err)
	}
	if !p.endless {
		s.finite++
	}
	if s.r.ending == cancelEndless && s.finite == s.r.finite() {
		s.interrupt()
	}
	return s.next()
}

// next counts an event; false: the loop is to be left.
func (s *stressReader) next() bool {
	if s.events++; s.events != s.r.at {
		return true
	}
	switch s.r.ending {
	case breakLoop, panicInLoop, goexitInLoop:
		s.left = true
	}
	switch s.r.ending {
	case breakLoop:
		return false
	case panicInLoop:
		panic(s)
	case goexitInLoop:
		runtime.Goexit()
	case cancelInLoop:
		s.interrupt()
	}
	return true
}

// wrong says what is wrong with a result; empty: nothing.
func (s *stressReader) wrong(p *stressPortal, r *initiator.Result, names []string, interrupted bool) string {
	late := (*initiator.TimeoutError)(nil)
	at := (*initiator.Error)(nil)
	switch {
	case r.TargetsFound != len(names):
		return fmt.Sprintf("it counts %d targets", r.TargetsFound)
	case len(names) > len(p.names) || !slices.Equal(names, p.names[:len(names)]):
		return "other targets"
	case r.Complete != (r.Err == nil):
		return fmt.Sprintf("complete: %t", r.Complete)
	case r.Err == nil && (p.endless || p.codes != nil):
		return "it succeeds"
	case r.Err == nil && len(names) != len(p.names):
		return "targets are missing"
	case r.Err == nil:
		return ""
	case !errors.As(r.Err, &at) || at.Portal != r.Asked.Portal:
		return "it is no error of this portal"
	case interrupted && errors.Is(r.Err, context.Canceled):
		return ""
	case s.r.hasty && s.r.real && errors.As(r.Err, &late):
		return "" // the process may not have got the processor
	case p.first && (interrupted || s.r.hasty && s.r.real) && errors.Is(r.Err, syscall.ECONNREFUSED):
		return ""
	case p.endless && s.r.hasty && errors.As(r.Err, &late) && slices.Contains(p.stages, at.Stage):
		return ""
	case !p.wants(at.Stage, initiator.Code(r.Err)):
		return fmt.Sprintf("it fails at the stage %s with %s", at.Stage, isdsc.Name(initiator.Code(r.Err)))
	}
	if tries := s.tries(at, len(names)); !s.r.hasty && !interrupted && at.Tries != tries {
		return fmt.Sprintf("%d tries, want %d", at.Tries, tries)
	}
	return ""
}

// tries returns how often a portal was asked that fails so, after so many targets; 0: not
// more than once.
func (s *stressReader) tries(e *initiator.Error, targets int) int {
	if s.r.d.Retries == 0 || targets > 0 || !initiator.Retryable(e) {
		return 0
	}
	return s.r.d.Retries + 1
}

// judge judges which portals have a result, and returns how many were yielded.
func (s *stressReader) judge() (yields int64) {
	yields = s.yields.Load()
	results := int64(len(s.done))
	for i := range results {
		if !s.left && !s.done[int(i)] {
			s.t.Errorf("portal %d has no result", i)
		}
	}
	switch {
	case s.left && results > yields, s.left:
	case s.interrupted.Load() && (results < yields-1 || results > yields):
		s.t.Errorf("%d results, the run was interrupted at portal %d", results, yields)
	case !s.interrupted.Load() && (results != yields || yields != int64(len(s.r.portals))):
		s.t.Errorf("%d results, %d portals were yielded, want %d", results, yields, len(s.r.portals))
	}
	return yields
}
