package initiator

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// testRoom is how many bytes may wait in these tests.
const testRoom = 1 << 20

func found(index int, name string) *Batch {
	b := &Batch{Index: index}
	b.Add(&target.Target{Name: name})
	return b
}

func done(index int) *Batch {
	return &Batch{Index: index, Result: &Result{}}
}

func ordered(batches iter.Seq[*Batch]) []string {
	var got []string
	for b := range InOrder(batches, testRoom) {
		for i := range b.Len() {
			got = append(got, string(b.Name(i)))
		}
		if b.Result != nil {
			s := fmt.Sprint(b.Index)
			if b.Result.Err != nil {
				s += " failed"
			}
			got = append(got, s)
		}
	}
	return got
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	got := ordered(slices.Values([]*Batch{
		found(2, "c1"), found(1, "b1"), found(0, "a1"), done(2), found(1, "b2"), found(0, "a2"), done(0), found(1, "b3"), done(1), found(3, "d1"), done(3),
	}))
	if diff := cmp.Diff([]string{"a1", "a2", "0", "b1", "b2", "b3", "1", "c1", "2", "d1", "3"}, got); diff != "" {
		t.Errorf("events differ (- want, + got):\n%s", diff)
	}
}

// overflow yields batches of a portal until there is no room for all of them.
func overflow(index int, yield func(*Batch) bool) {
	host := strings.Repeat("h", 16<<10)
	for i := range testRoom / len(host) {
		b := &Batch{Index: index}
		b.Add(&target.Target{Name: "b", Addresses: []target.Address{{Host: fmt.Sprint(i, host)}}})
		yield(b)
	}
}

// What waits is bounded: a list for which there is no room is an error, never a
// short list. It leaves room for others.
func TestHeldIsBounded(t *testing.T) {
	t.Parallel()
	got := ordered(func(yield func(*Batch) bool) {
		overflow(1, yield)
		yield(done(1))
		for i := range 3 {
			yield(found(2, fmt.Sprint("c", i)))
		}
		yield(done(2))
		yield(done(0))
	})
	if got := got[len(got)-4:]; !slices.Equal(got, []string{"c0", "c1", "c2", "2"}) {
		t.Errorf("got %v at the end", got)
	}
	if n := slices.Index(got, "1 failed"); n < 10 || n > testRoom>>14/2+1 {
		t.Errorf("the portal for whose targets was no room failed after %d targets", n-1)
	}
}

// So it is where the turn of such a portal comes before its end: what comes behind the
// gap is left out.
func TestHeldGap(t *testing.T) {
	t.Parallel()
	for _, late := range []int{0, 1, 5} {
		got := ordered(func(yield func(*Batch) bool) {
			overflow(1, yield)
			yield(found(2, "c"))
			yield(done(0))
			for range late {
				yield(found(1, "behind the gap"))
			}
			last := done(1)
			last.Add(&target.Target{Name: "behind the gap"})
			yield(last)
			yield(done(2))
			yield(found(3, "d"))
			yield(done(3))
		})
		if want := []string{"b", "1 failed", "c", "2", "d", "3"}; !slices.Equal(got[len(got)-len(want):], want) || slices.Contains(got, "behind the gap") {
			t.Errorf("%d late: got %v, want %v at the end", late, got, want)
		}
	}
}

// So are warnings: those for which there is no room are counted.
func TestHeldWarningsAreBounded(t *testing.T) {
	t.Parallel()
	const room = 7 << 20
	message := strings.Repeat("w", 1<<20) // in memory once
	warned := func(index, n int) *Batch {
		return &Batch{Index: index, Result: &Result{Warnings: slices.Repeat([]Warning{{Code: WarnTargetName, Message: message}}, n)}}
	}
	var got []string
	for b := range InOrder(slices.Values([]*Batch{warned(1, room>>20), warned(2, 7), done(0), warned(3, 2)}), room) {
		w := b.Result.Warnings
		if got = append(got, fmt.Sprint(len(w))); b.Index == 2 {
			got = append(got, w[0].Message)
		}
	}
	if diff := cmp.Diff([]string{"0", fmt.Sprint(room >> 20), "1", "7 more warnings", "2"}, got); diff != "" {
		t.Errorf("warnings differ (- want, + got):\n%s", diff)
	}
}
