package initiator

import (
	"errors"
	"fmt"
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
			p.delivery = &inline{yield: func(*Batch) bool { return true }, cancel: func() {}, batches: &p.batches}
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
