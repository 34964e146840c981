package initiator

import (
	"bytes"
	"errors"
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

// record is a record of an answer.
func record(name string, pairs ...string) string {
	return "TargetName=iqn.2026-11.com.example:" + name + "\x00" + strings.Join(append(pairs, ""), "\x00")
}

// mostAlike is how many targets there may be in these texts.
const mostAlike = 3*maxSpans + 1

// alikes are texts in which records are like the one before, up to what ends that.
var alikes = func() map[string]string {
	const here, there = "TargetAddress=192.0.2.1:3260,1", "TargetAddress=192.0.2.2:3260,1"
	run := func(end string, pairs ...string) string {
		s := ""
		for i := range 12 {
			s += record(fmt.Sprint("disk", i), pairs...)
		}
		return s + end
	}
	turn := func(n, kinds int) string {
		s := ""
		for i := range n {
			s += record(fmt.Sprintf("storage.disk%04d", i), fmt.Sprintf("TargetAddress=192.0.2.%d:3260,1", i%kinds+1))
		}
		return s
	}
	return map[string]string{
		"two in turn":                    turn(20, 2) + run("", here),
		"some in turn":                   turn(3*maxTails, maxTails) + run("", here),
		"more in turn than are kept":     turn(3*maxTails, maxTails+1) + run("", there),
		"each another, then alike":       turn(manyMisses+40, 200) + turn(10, 1),
		"a tail that is part of another": run(record("other", here, there)+run("", here), here) + run("", here, there),
		"no address in turn":             record("a") + record("b", here) + record("c") + record("d", here) + record("e") + record("e") + record("f", there) + record("f") + record("g"),
		"aliases in turn":                record("a", "TargetAlias=x", here) + record("b", "TargetAlias=y", here) + record("c", "TargetAlias=x", here) + record("d", "TargetAlias=y", here) + record("e", "TargetAlias=y", here) + record("f", here),
		"many alike":                     turn(2*maxSpans+9, 1),
		"one address":                    run("", here),
		"two addresses":                  run("", here, there),
		"an address twice":               run("", here, here),
		"no address":                     run(""),
		"an alias":                       run("", "TargetAlias=x", here),
		"own keys":                       run("", "X-com.example.rack=7", here),
		"NULs":                           run("", here, "", ""),
		"a bad address":                  run("", here, "TargetAddress=x y"),
		"a bad alias":                    run("", here, "TargetAlias=\xff"),
		"an unknown key":                 run("", here, "Rack=7"),
		"a link-local address":           run("", "TargetAddress=[fe80::1]:3260,1"),
		"another address":                run(record("other", there)+record("last", there), here),
		"one address more":               run(record("other", here, there)+record("last", here), here),
		"no address after some":          run(record("other")+record("last", here), here),
		"an alias after none":            run(record("other", here, "TargetAlias=x")+record("last", here), here),
		"the same name":                  run(record("disk11", here)+record("last", here), here),
		"the same name, another address": run(record("disk11", there)+record("last", here)+record("more", here), here),
		"the same name, folded":          run(record("DISK11", there)+record("last", here)+record("more", here), here),
		"the same name, no address":      run(record("disk11")+record("last", here), here),
		"an earlier name":                run(record("disk0", here)+record("last", here), here),
		"upper case":                     run(record("Disk", here)+record("last", here)+record("more", here), here),
		"beyond ASCII":                   run(record("größe", here)+record("last", here)+record("more", here), here),
		"a bad name":                     run(record("a b", here)+record("last", here)+record("more", here), here),
		"a long name":                    run(record(strings.Repeat("x", 199), here)+record(strings.Repeat("x", 200), here)+record("last", here), here),
		"another form of name":           run("TargetName=eui.02004567A425678D\x00"+here+"\x00"+record("last", here), here),
		"a short name":                   "TargetName=iqn.2026-11.a\x00" + here + "\x00TargetName=iqn.2026-11.a\x00" + here + "\x00TargetName=iqn.2026-11.b\x00" + here + "\x00",
		"a name that is a prefix":        run(record("disk", here)+record("disk111", here), here),
		"no '='":                         run("rubbish\x00"+record("last", here), here),
		"no NUL at the end":              run("TargetName=iqn.2026-11.com.example:last", here),
		"more than may be":               turn(mostAlike+1, 1),
		"more than may be, in turn":      turn(mostAlike+1, 2),
		"as many as may be":              turn(mostAlike, 1),
	}
}()

// TestAlike: a record that is taken as a whole is what it would be pair by pair,
// wherever the text is cut.
func TestAlike(t *testing.T) {
	t.Parallel()
	for name, text := range alikes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := listOf([]byte(text), len(text), mostAlike, pairByPair)
			for size := 1; size <= len(text); size += 1 + size/20 {
				got := listOf([]byte(text), size, mostAlike, (*list).text)
				if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(listing{})); diff != "" {
					t.Fatalf("in pieces of %d (-want +got):\n%s", size, diff)
				}
			}
		})
	}
}

// BenchmarkList is a list of targets that have in common what those of one portal
// mostly have, and of some that have less.
func BenchmarkList(b *testing.B) {
	const targets = 3000
	for _, tt := range []struct {
		name   string
		record func(i int) string
	}{
		{"alike", func(i int) string {
			return record(fmt.Sprintf("storage.disk%07d", i), "TargetAddress=192.0.2.10:3260,1")
		}},
		{"four addresses", func(i int) string {
			return record(fmt.Sprintf("storage.disk%07d", i), "TargetAddress=192.0.2.10:3260,1", "TargetAddress=192.0.2.11:3260,1", "TargetAddress=192.0.2.12:3260,2", "TargetAddress=192.0.2.13:3260,2")
		}},
		{"addresses in turn", func(i int) string {
			return record(fmt.Sprintf("storage.disk%07d", i), fmt.Sprintf("TargetAddress=192.0.2.%d:3260,1", 10+i%4))
		}},
		{"aliases", func(i int) string {
			return record(fmt.Sprintf("storage.disk%07d", i), fmt.Sprintf("TargetAlias=disk %d", i), "TargetAddress=192.0.2.10:3260,1")
		}},
		{"other names", func(i int) string {
			return record(fmt.Sprintf("%016x.disk", uint64(i+1)*0x9e3779b97f4a7c15), "TargetAddress=192.0.2.10:3260,1")
		}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var text []byte
			for i := range targets {
				text = append(text, tt.record(i)...)
			}
			p := &pool{d: &Discoverer{}}
			p.near = func(b *Batch) bool {
				p.batches.put(b)
				return true
			}
			a := newAttempt(p)
			l := &a.list
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				a.reset()
				l.reset(netip.MustParseAddrPort("192.0.2.1:3260"), targets)
				if err := l.text(pdu.Text(text)); err != nil {
					b.Fatal(err)
				}
				if err := l.flush(); err != nil || a.handOn() != nil || a.result.TargetsFound != targets || len(a.warnings.kept) > 0 {
					b.Fatalf("%d targets, %v, %v", a.result.TargetsFound, err, a.warnings.kept)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/targets, "ns/target")
		})
	}
}

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
		p.batches.put(b)
		return true
	}
	if w.near {
		p.near = take
	} else {
		p.out, p.long, p.quit = make(chan *Batch, maxWaiting), make(chan struct{}, maxLong), make(chan struct{})
	}
	drain := func() {
		for len(p.out) > 0 {
			b := <-p.out
			p.shorten(b)
			take(b)
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

// TestPlainLen: of a name that is like the one before each byte counts.
func TestPlainLen(t *testing.T) {
	t.Parallel()
	const long = "iqn.2026-11.com.example:disk0123456789abcdefghijk"
	for n := len(plainStart); n <= len(long); n++ {
		for at := range n {
			for c := range 256 {
				v := []byte(long[:n])
				v[at] = byte(c)
				want := n
				if end := slices.Index(v, 0); end >= 0 {
					want = end
				}
				if string(v) == long[:n] || !isPlainName(v[:want]) {
					want = -1
				}
				if got := plainLen(append(v, "\x00TargetName"...), []byte(long[:n])); got != want {
					t.Fatalf("%q after %q: got %d, want %d", v, long[:n], got, want)
				}
			}
		}
	}
	for at := range 8 {
		for c := range 256 {
			for _, filler := range nameChars {
				v := bytes.Repeat([]byte{byte(filler)}, 8)
				v[at] = byte(c)
				if got, want := areEightPlain(word(v, 0)), arePlainChars(v); got != want {
					t.Fatalf("%q: got %t, want %t", v, got, want)
				}
			}
		}
	}
}

// TestAlikeElsewhere: what followed a name at one portal means what it means at the
// next.
func TestAlikeElsewhere(t *testing.T) {
	t.Parallel()
	var got []string
	l := list{warnings: &warnings{}, emit: func(t *listed) error {
		got = append(got, t.addresses[0].Host)
		return nil
	}}
	l.more = func(t *listed, _ pdu.Text, names []span) error {
		for range names {
			got = append(got, t.addresses[0].Host)
		}
		return nil
	}
	var text, want []string
	for i := range 6 {
		text = append(text, record(fmt.Sprintf("disk%d", i), "TargetAddress=[fe80::1]:3260,1"))
	}
	for _, zone := range []string{"eth0", "eth1"} {
		l.reset(netip.MustParseAddrPort("[fe80::9%"+zone+"]:3260"), 100)
		if err := errors.Join(l.text(pdu.Text(strings.Join(text, ""))), l.flush()); err != nil {
			t.Fatal(err)
		}
		want = append(want, slices.Repeat([]string{"fe80::1%" + zone}, 6)...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}
