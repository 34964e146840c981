package leader

import (
	"context"
	"maps"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// pageKeys is how many keys of copies are read at once.
const pageKeys = 1000

// answers are the answers that paths name and those that were copied.
type answers struct {
	named   map[fleet.Digest]int       // by how many hosts
	copied  map[fleet.Digest]time.Time // whole copies: since when no path names them; zero: one does
	broken  map[fleet.Digest]bool      // parts of copies that never became whole
	lacking map[fleet.Digest]*lack     // named, and not copied
}

// A lack is an answer that no host delivered yet.
type lack struct {
	after time.Time // not to be asked for before, since etcd failed; zero: at once

	tried     map[string]bool // hosts that did not deliver it, or lied
	exhausted bool            // each host that has it was tried, as far as is known
	again     time.Time       // then: when they are tried again
	rounds    int             // how often that was
}

// isDue reports whether a host may be asked for it.
func (l *lack) isDue(now time.Time) bool {
	return !now.Before(l.after) && (!l.exhausted || !now.Before(l.again))
}

// digests are the answers that a host names; none where it is silent, or nil.
func digests(h *view.Host) map[fleet.Digest]bool {
	if h == nil || h.Silent() {
		return nil
	}
	all := make(map[fleet.Digest]bool, len(h.Paths))
	for _, p := range h.Paths {
		if !p.Answer.IsZero() {
			all[p.Answer] = true
		}
	}
	return all
}

// name counts one host more that names an answer.
func (a *answers) name(d fleet.Digest) {
	a.named[d]++
	if l := a.lacking[d]; l != nil {
		l.exhausted = false // the host may be one that was not tried yet
	}
	if a.named[d] > 1 {
		return
	}
	if _, ok := a.copied[d]; ok {
		a.copied[d] = time.Time{}
	} else {
		a.lacking[d] = &lack{tried: map[string]bool{}}
	}
}

// unname counts one host less.
func (a *answers) unname(d fleet.Digest, now time.Time) {
	if a.named[d]--; a.named[d] > 0 {
		return
	}
	delete(a.named, d)
	delete(a.lacking, d)
	if _, ok := a.copied[d]; ok {
		a.copied[d] = now
	}
}

// copies reads which answers the leader before has copied. Since when nobody names one is
// counted from now on.
func (t *term) copies(ctx context.Context) (answers, error) {
	a := answers{named: map[fleet.Digest]int{}, copied: map[fleet.Digest]time.Time{}, broken: map[fleet.Digest]bool{}, lacking: map[fleet.Digest]*lack{}}
	now := time.Now()
	err := t.pages(ctx, t.cfg.Keys.Copies(), func(k fleet.Key, _ []byte) {
		if _, whole := a.copied[k.Digest]; k.Kind != fleet.KindCopy || whole {
			return
		}
		if k.Part == 0 { // the last that is written, and the first by key
			a.copied[k.Digest] = now
		} else {
			a.broken[k.Digest] = true
		}
	}, clientv3.WithKeysOnly())
	return a, t.explain("read which answers are copied", t.cfg.Keys.Copies(), err)
}

// prune removes copies that no path has named for long, and parts of copies that never became
// whole.
func (t *term) prune(ctx context.Context) {
	before := time.Now().Add(-t.keep)
	old := maps.Clone(t.answers.broken)
	for d, since := range t.answers.copied {
		if !since.IsZero() && since.Before(before) {
			old[d] = true
		}
	}
	for _, d := range slices.SortedFunc(maps.Keys(old), compareDigests) {
		if t.asks[d] != nil {
			continue // it is just being copied
		}
		if _, err := t.write(ctx, clientv3.OpDelete(t.cfg.Keys.Copy(d), clientv3.WithPrefix())); err != nil {
			t.failed("remove an answer that no path names", t.cfg.Keys.Copy(d), err)
			return
		}
		t.err = nil
		delete(t.answers.broken, d)
		delete(t.answers.copied, d)
	}
}

func compareDigests(a, b fleet.Digest) int { return slices.Compare(a[:], b[:]) }
