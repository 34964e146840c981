package leader

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// How hosts are asked for answers.
const (
	maxAsks    = 32 // answers at once
	asksAgain  = 10 // intervals until all hosts are asked again of which none delivered an answer; doubled each time
	mostRounds = 7  // doublings
)

// An ask is an answer that a host was asked for.
type ask struct {
	host   string
	cancel context.CancelFunc
}

// A result is how an ask ended.
type result struct {
	digest  fleet.Digest
	host    string
	lie     string // why the host lies; empty: it does not
	late    string // why it may lie, or be gone; empty: neither
	written bool   // parts of a copy were, not the whole
	err     error  // nil: the answer is copied
}

// ask asks hosts for answers that are not copied yet, and takes back what no host names any
// more, or not the one that was asked.
func (t *term) ask(ctx context.Context, v *view.View) {
	for d, a := range t.asks {
		if h := v.Hosts[a.host]; !digests(h)[d] {
			a.cancel()
		}
	}
	now := time.Now()
	if len(t.asks) > maxAsks/2 || !t.isLacking(now) {
		return // to look at all paths costs more than to wait for some of the asks
	}
	holders := t.holders(v)
	for d, l := range t.answers.lacking {
		if len(t.asks) >= maxAsks {
			return
		}
		if t.asks[d] != nil || !l.isDue(now) {
			continue
		}
		if h, ok := holders[d]; ok {
			t.start(ctx, d, h)
		} else {
			l.exhaust(now, t.cfg.Every)
		}
	}
}

// exhaust notes that each host that has an answer was tried. After a while they are tried
// again, and each time later.
func (l *lack) exhaust(now time.Time, every time.Duration) {
	switch {
	case l.again.IsZero():
		l.exhausted, l.again = true, now.Add(every*asksAgain<<min(l.rounds, mostRounds))
		l.rounds++
	case now.Before(l.again):
		l.exhausted = true
	default:
		l.exhausted, l.again = false, time.Time{}
		clear(l.tried)
	}
}

// isLacking reports whether a host may be asked for an answer.
func (t *term) isLacking(now time.Time) bool {
	for d, l := range t.answers.lacking {
		if t.asks[d] == nil && l.isDue(now) {
			return true
		}
	}
	return false
}

// A holder is a host that has an answer.
type holder struct {
	host    string
	targets int // that it says the answer has
	of      int // how many have it
}

// holders picks a host for each answer that is to be asked for, each with the same chance, so
// that no host has to deliver all.
func (t *term) holders(v *view.View) map[fleet.Digest]holder {
	all := map[fleet.Digest]holder{}
	for _, h := range v.Hosts {
		if h.Silent() {
			continue
		}
		for _, p := range h.Paths {
			l := t.answers.lacking[p.Answer]
			if l == nil || t.asks[p.Answer] != nil || l.tried[h.Name] {
				continue
			}
			of := all[p.Answer].of + 1
			if rand.N(of) == 0 {
				all[p.Answer] = holder{host: h.Name, targets: p.Targets}
			}
			picked := all[p.Answer]
			picked.of = of
			all[p.Answer] = picked
		}
	}
	return all
}

// start asks a host for an answer.
func (t *term) start(ctx context.Context, d fleet.Digest, h holder) {
	ctx, cancel := context.WithCancel(ctx)
	t.asks[d] = &ask{host: h.host, cancel: cancel}
	f := fetch{term: t, digest: d, host: h.host, targets: h.targets}
	go func() {
		defer cancel()
		t.results <- f.run(ctx)
	}()
}

// settle takes the result of an ask.
func (t *term) settle(r result) {
	delete(t.asks, r.digest)
	now := time.Now()
	if r.written {
		t.answers.broken[r.digest] = true
	}
	switch {
	case r.lie != "":
		t.memory.lied(r.host, r.lie, now)
	case r.late != "":
		t.memory.suspect(r.host, r.late, now.Add(t.grace))
	}
	l := t.answers.lacking[r.digest]
	switch {
	case r.err == nil:
		t.err = nil
		delete(t.answers.broken, r.digest)
		delete(t.answers.lacking, r.digest)
		t.answers.copied[r.digest] = time.Time{}
		if t.answers.named[r.digest] == 0 {
			t.answers.copied[r.digest] = now
		}
	case r.lie != "" || r.late != "":
		if l != nil {
			l.tried[r.host] = true
		}
	case errors.Is(r.err, context.Canceled):
	default:
		t.failed("ask a host for an answer", t.cfg.Keys.Want(r.host, r.digest), r.err)
		if l != nil {
			l.after = now.Add(t.cfg.Every)
		}
	}
}

// endAsks ends what is under way, and waits until it has ended.
func (t *term) endAsks() {
	for _, a := range t.asks {
		a.cancel()
	}
	for range t.asks {
		<-t.results
	}
}

// takeBack removes what asks a host for an answer.
func (t *term) takeBack(ctx context.Context, host string, d fleet.Digest) {
	// The ask may have been cancelled, and is taken back all the same. Where that fails the next
	// leader does it.
	_, _ = t.write(context.WithoutCancel(ctx), clientv3.OpDelete(t.cfg.Keys.Want(host, d)))
}
