package initiator

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A passage is how a text goes through an attempt.
type passage struct {
	size  int  // of its pieces
	most  int  // targets
	near  bool // batches are taken in this goroutine
	kept  bool // by a keeper
	every int  // after how many pieces a batch is handed on
}

// through gives text to an attempt, and returns what its batches have. All memory that
// may be used again is.
func (w passage) through(text []byte) (got listing) {
	p := &pool{d: &Discoverer{}}
	var k keeper
	take := func(b *Batch) bool {
		c := b.Clone()
		for i := range b.Len() {
			t := b.Target(i)
			if w.kept {
				t = k.keep(b, i)
			}
			got.Targets, got.Implied = append(got.Targets, t), append(got.Implied, b.entries[i].implied)
		}
		for i := range b.text {
			b.text[i] = '!'
		}
		for i := range b.addresses {
			b.addresses[i] = TargetAddress{Host: "used.again"}
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
	a.list.reset(netip.MustParseAddrPort("[fe80::9%eth0]:3260"), w.most)
	n := 0
	got.err = walk(text, w.size, func(t pdu.Text) error {
		t = slices.Clone(t)
		err := a.list.text(t)
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
		got.err = a.list.flush()
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

// TestAlikeBatches: batches have what pair by pair was found, however they are taken.
func TestAlikeBatches(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, text []byte, w passage) {
		t.Helper()
		want := listOf(text, w.size, w.most, pairByPair)
		if diff := cmp.Diff(want, w.through(text), cmpopts.IgnoreUnexported(listing{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%+v (-want +got):\n%.3000s", w, diff)
		}
	}
	for name, text := range alikes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for size := 7; size < 2*len(text); size *= 3 {
				for i := range 4 {
					check(t, []byte(text), passage{size: size, most: mostAlike, near: i&1 == 0, kept: i&2 == 0, every: 1 + i})
				}
			}
		})
	}
	t.Run("random", func(t *testing.T) {
		t.Parallel()
		for seed := range uint64(200) {
			r := rand.New(rand.NewPCG(seed, 7))
			text := randomRecords(r)
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

// randomRecords returns a text of runs of records, mostly alike, with some that are
// not, or not well formed.
func randomRecords(r *rand.Rand) (text []byte) {
	const here, there = "TargetAddress=192.0.2.1:3260,1\x00", "TargetAddress=192.0.2.2,1\x00"
	const example = "iqn.2026-11.com.example:"
	names := []string{
		example + "disk%d", example + "disk%04d", example + "DISK%d", "iqn.2026-11.com.exämple:%d", "eui.02004567A425678%d", "iqn.2026-13.com.example:%d",
		"iqn.2026-11.x%d", example + "%d" + strings.Repeat("y", 197), example + "a b%d",
	}
	tails := []string{
		here, there, here + there, "", "TargetAlias=x\x00" + here, here + "TargetAlias=y\x00", "TargetAddress=x y\x00", here + "TargetAddress=x y\x00", "X-a=b\x00" + here,
		"TargetAddress=[fe80::9]:3260\x00", here + "\x00\x00", "TargetAlias=\xff\x00" + here, "TargetAlias=\x00" + here, "X-a=" + strings.Repeat("b", maxTail+76) + "\x00" + here,
		"Rack=1\x00" + here,
	}
	for range 1 + r.IntN(12) {
		name, tail, kinds := names[r.IntN(len(names))], tails[r.IntN(len(tails))], 1+r.IntN(4)
		for range 1 + r.IntN(150) {
			if r.IntN(3) == 0 {
				tail = tails[r.IntN(kinds)]
			}
			text = fmt.Appendf(text, "TargetName="+name+"\x00%s", r.IntN(200), tail)
			if r.IntN(30) == 0 {
				text = append(text, tails[r.IntN(len(tails))]...)
			}
		}
	}
	if r.IntN(5) == 0 {
		text[r.IntN(len(text))] = byte(r.IntN(256))
	}
	return text
}
