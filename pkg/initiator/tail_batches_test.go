package initiator

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/target/targettest"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A passage is how a text goes through an attempt.
type passage struct {
	size  int  // of its pieces
	most  int  // targets
	near  bool // batches are taken in this goroutine
	kept  bool // by a target.Keeper
	every int  // after how many pieces a batch is handed on
}

// through gives text to an attempt, and returns what its batches have. All memory that
// may be used again is.
func (w passage) through(text []byte) (got passed) {
	p := &pool{d: &Discoverer{}}
	var k target.Keeper
	take := func(b *Batch) bool {
		c := b.Clone()
		for i := range b.Len() {
			t := b.Target(i)
			if w.kept {
				t = k.Keep(&b.List, i)
			}
			got.Targets, got.Implied = append(got.Targets, t), append(got.Implied, b.Implied(i))
		}
		for i := range b.Len() {
			for _, text := range [][]byte{b.Name(i), b.Alias(i)} {
				for j := range text {
					text[j] = '!'
				}
			}
			for j := range b.Addresses(i) {
				b.Addresses(i)[j] = target.Address{Host: "used.again"}
			}
		}
		for i := range c.Len() {
			if t := got.Targets[len(got.Targets)-c.Len()+i]; string(c.Name(i)) != t.Name || !slices.Equal(c.Addresses(i), t.Addresses) {
				got.Error += fmt.Sprintf(" the clone has %s at %v", c.Name(i), c.Addresses(i))
			}
		}
		return true
	}
	q := newQueue()
	if p.delivery = q; w.near {
		p.delivery = &inline{yield: take, cancel: func() {}, batches: &p.batches}
	}
	drain := func() {
		for len(q.out) > 0 {
			b := <-q.out
			q.shorten(b)
			take(b)
			p.batches.put(b)
		}
	}
	a := newAttempt(p)
	a.parser.Reset(netip.MustParseAddrPort("[fe80::9%eth0]:3260"), w.most)
	n := 0
	got.err = targettest.Walk(text, w.size, func(t pdu.Text) error {
		t = slices.Clone(t)
		err := a.parser.Text(t)
		for i := range t {
			t[i] = '?'
		}
		if n++; err == nil && n%w.every == 0 {
			err = a.handOn()
			drain()
		}
		return err
	})
	if got.err == nil {
		got.err = a.parser.Close()
	}
	_ = a.handOn()
	drain()
	if got.err != nil {
		got.Error += got.err.Error()
	}
	if a.result.TargetsFound != len(got.Targets) {
		got.Error += fmt.Sprintf(" %d targets were counted", a.result.TargetsFound)
	}
	got.Warnings = a.warnings.all()
	return got
}

// passed is what came of a text.
type passed struct {
	Targets  []target.Target
	Implied  []bool
	Warnings []Warning
	Error    string
	err      error
}

// parsed gives text in pieces to a parser, without batches.
func parsed(text []byte, size, most int) (got passed) {
	var w warnings
	var list target.List
	l := target.Parser{Warning: func(code, format string, args ...any) { w.add(WarningCode(code), format, args...) }}
	l.Into = func() (*target.List, int) { return &list, 1 << 20 }
	l.Added = func(n int) error {
		for i := list.Len() - n; i < list.Len(); i++ {
			got.Targets, got.Implied = append(got.Targets, list.Target(i)), append(got.Implied, list.Implied(i))
		}
		return nil
	}
	l.Reset(netip.MustParseAddrPort("[fe80::9%eth0]:3260"), most)
	if got.err = targettest.Walk(text, size, l.Text); got.err == nil {
		got.err = l.Close()
	}
	if got.err != nil {
		got.Error = got.err.Error()
	}
	got.Warnings = w.all()
	return got
}

// TestAlikeBatches: batches have what the parser found, however they are taken.
func TestAlikeBatches(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, text []byte, w passage) {
		t.Helper()
		want, got := parsed(text, w.size, w.most), w.through(text)
		want.err, got.err = nil, nil
		if reflect.DeepEqual(want, got) { // cmp takes many times as long
			return
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(passed{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%+v (-want +got):\n%.3000s", w, diff)
		}
	}
	for name, text := range targettest.Texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for size := 7; size < 2*len(text); size *= 3 {
				for i := range 4 {
					check(t, []byte(text), passage{size: size, most: targettest.Most, near: i&1 == 0, kept: i&2 == 0, every: 1 + i})
				}
			}
		})
	}
	t.Run("random", func(t *testing.T) {
		t.Parallel()
		for seed := range uint64(200) {
			r := rand.New(rand.NewPCG(seed, 7))
			text := targettest.Random(r)
			w := passage{size: 1 + r.IntN(len(text)+100), most: 1 << 20, near: r.IntN(2) == 0, kept: r.IntN(2) == 0, every: 1 + r.IntN(3)}
			if r.IntN(3) == 0 {
				w.size = 1 + r.IntN(300)
			}
			if r.IntN(4) == 0 {
				w.most = 1 + r.IntN(300)
			}
			check(t, text, w)
		}
	})
}
