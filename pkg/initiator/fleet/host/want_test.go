package host_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// random are n targets whose names do not compress well.
func random(n int) (names []string) {
	for i := range n {
		sum := sha256.Sum256(fmt.Append(nil, i))
		names = append(names, hex.EncodeToString(sum[:]))
	}
	return names
}

// long are n targets with names as long as they may be, which do not compress at all: few
// make an answer of two parts.
func long(n int) (names []string) {
	random := rand.NewChaCha8([32]byte{})
	b := make([]byte, 120)
	for range n {
		_, _ = random.Read(b) // never fails
		names = append(names, strings.ToLower(base32.StdEncoding.EncodeToString(b)))
	}
	return names
}

// delivered waits until all parts of an answer are there, and returns it. Part 0 is there
// only where all are.
func (w *world) delivered(name string, a *fleet.Answer) {
	w.Helper()
	prefix := w.keys.Host(name) + "answer/" + a.Digest.String() + "/"
	all := w.holds("an answer", prefix, func(all map[string]string) bool {
		if all["0000"] != "" && len(all) != len(a.Parts) {
			w.Errorf("got part 0 with %d parts of %d", len(all), len(a.Parts))
		}
		return all["0000"] != ""
	})
	var parts [][]byte
	for _, k := range keysOf(all) {
		parts = append(parts, []byte(all[k]))
	}
	if got, err := fleet.Decode(a.Digest, parts); err != nil || len(got) != a.Targets {
		w.Errorf("got %d targets, %v, want %d", len(got), err, a.Targets)
	}
}

func (w *world) notDelivered(name string) {
	w.Helper()
	w.holds("no answer", w.keys.Host(name)+"answer/", func(all map[string]string) bool { return len(all) == 0 })
}

func encoded(t *testing.T, names []string) *fleet.Answer {
	t.Helper()
	a, err := fleet.Encode(targets(names...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A host gives an answer to the leader that asks for it, in parts where it is large, and
// takes it away when the leader does not ask any more, or when it is its answer no longer.
func TestWants(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		small, large := []string{"x", "y"}, long(9_500)
		a, b := encoded(w.T, small), encoded(w.T, large)
		if len(b.Parts) < 2 {
			w.Fatalf("got %d parts", len(b.Parts))
		}
		w.put(w.keys.Want("a", b.Digest), "")        // before it has that
		w.put(w.keys.Want("a", fleet.Digest{1}), "") // it never has
		w.put(w.keys.Wanted("a")+"../../x", "")
		r := w.run(setting{})
		r.sees(1, small...)
		r.sees(2, large...)
		w.hasPaths("a", 1, 2)
		w.delivered("a", b)
		w.remove(w.keys.Want("a", b.Digest))
		w.notDelivered("a")
		w.put(w.keys.Want("a", a.Digest), "")
		w.delivered("a", a)
		before := w.revision()
		w.put(w.keys.Want("a", a.Digest), "again")
		r.sees(3, small...)
		w.hasPaths("a", 1, 2, 3)
		if n := w.writes(before); n != 2 {
			w.Errorf("got %d writes, want that of the test and that of the path", n)
		}
		r.sees(1)
		r.sees(3)
		w.notDelivered("a")
		r.sees(1, slices.Repeat(small, 1)...)
		w.delivered("a", a)
		r.stop()
		w.gone("a")
	})
}

// An answer is wanted while the host is cut off, and another one no longer.
func TestWantsMeanwhile(t *testing.T) {
	onEach(t, func(w *world) {
		a, b := encoded(w.T, []string{"x"}), encoded(w.T, []string{"y"})
		r := w.run(setting{})
		r.sees(1, "x")
		r.sees(2, "y")
		w.put(w.keys.Want("a", a.Digest), "")
		w.delivered("a", a)
		r.cut()
		w.remove(w.keys.Want("a", a.Digest))
		w.put(w.keys.Want("a", b.Digest), "")
		r.heal()
		w.delivered("a", b)
		w.holds("one answer", w.keys.Host("a")+"answer/", func(all map[string]string) bool { return len(all) == 1 })
	})
}

// Answers for which there is no room, that are too large, or that no reader would take,
// are told by their number alone.
func TestNoList(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		r := w.run(setting{limits: host.Limits{Kept: 1000}})
		r.sees(1, "x")
		r.sees(2, random(100)...)
		odd := targets("x")
		odd[0].Addresses[0].Host = "a b"
		r.answers(3, odd)
		unlisted := (*host.UnlistedError)(nil)
		r.state("that says which are not published", func(s host.State) bool { return errors.As(s.Unlisted, &unlisted) && unlisted.Others == 1 })
		if text := unlisted.Error(); !strings.HasPrefix(text, "the list of targets at 192.0.0.2:3260 is not published (nor that of 1 others), only how many there are: this host has more than") {
			w.Errorf("got %q", text)
		}
		w.hasPaths("a", 1, 2, 3)
		for n, want := range map[int]int{1: 1, 2: 100, 3: 1} {
			p := w.path("a", n, func(p *fleet.Path) bool { return p.Up })
			if p.Targets != want || p.Answer.IsZero() == (n == 1) {
				w.Errorf("portal %d: got %+v", n, p)
			}
		}
		r.forgets(2)
		unfit := (*fleet.UnfitError)(nil)
		r.state("that says why", func(s host.State) bool { return errors.As(s.Unlisted, &unfit) })
		r.sees(3, "x")
		r.state("that all are", func(s host.State) bool { return s.Unlisted == nil })
		r.forgets(3)
		r.sees(1, "y") // what was kept before gives room
		p := w.path("a", 1, func(p *fleet.Path) bool { return p.Answer == encoded(w.T, []string{"y"}).Digest })
		r.forgets(1)
		r.sees(4, "z")
		w.path("a", 4, func(q *fleet.Path) bool { return !q.Answer.IsZero() && q.Answer != p.Answer })
	})
}
