package sweep

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// rangeOf returns a range of so many addresses.
func rangeOf(t *testing.T, count int) *Portals {
	t.Helper()
	last := fmt.Sprintf("10.%d.%d.%d", (count-1)>>16, (count-1)>>8&255, (count-1)&255)
	p, err := parse([]string{"10.0.0.0-" + last}, nil)
	if err != nil || p.Count != count {
		t.Fatalf("%d addresses: got %v, %v", count, p, err)
	}
	return p
}

// TestSpreadTakesAll: each portal is asked once, and in its window.
func TestSpreadTakesAll(t *testing.T) {
	t.Parallel()
	counts := []int{511, 512, 1000, 2047, 4094, 4095, 4096, 4097, 4099, 6000, 8191, 8192, 8193, 10000, 65534, maxAddresses}
	for n := 1; n <= 300; n++ {
		counts = append(counts, n)
	}
	for _, count := range counts {
		s := NewSpread(rangeOf(t, count), math.MaxInt)
		seen := make([]bool, count)
		for position := range count {
			index, ok := s.next()
			if !ok || index/spreadWindow != position/spreadWindow || seen[index] {
				t.Fatalf("%d portals: the portal asked at %d has index %d: %t", count, position, index, ok)
			}
			seen[index] = true
		}
		for range 3 {
			if index, ok := s.next(); ok {
				t.Fatalf("%d portals: index %d beside them", count, index)
			}
		}
	}
}

// TestSpreadIsWide: portals that are asked one after the other stand far apart.
func TestSpreadIsWide(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ count, together, apart int }{
		{4096, 64, 16}, {4096, 16, 64}, {4096, 2, 1024}, {4094, 64, 16}, {1022, 64, 4}, {510, 32, 4}, {254, 16, 4}, {254, 8, 8}, {126, 8, 4}, {62, 4, 4},
	} {
		s := NewSpread(rangeOf(t, tt.count), math.MaxInt)
		var order []int
		for index, ok := s.next(); ok; index, ok = s.next() {
			order = append(order, index)
		}
		for i := range order {
			for _, other := range order[max(0, i-tt.together+1):i] {
				if apart := max(order[i]-other, other-order[i]); apart < tt.apart {
					t.Fatalf("%d portals: %d and %d are asked within %d of each other, and are %d apart, want %d", tt.count, other, order[i], tt.together, apart, tt.apart)
				}
			}
		}
	}
}

// TestSpreadOfFew: a short list is asked as it was given; a block is spread.
func TestSpreadOfFew(t *testing.T) {
	t.Parallel()
	list := func(n int) (args []string) {
		for i := range n {
			args = append(args, fmt.Sprintf("host%d", i))
		}
		return args
	}
	for _, tt := range []struct {
		args []string
		want bool
	}{{list(64), false}, {list(65), true}, {append(list(3), "192.0.2.0/29"), true}, {list(1), false}} {
		p, err := parse(tt.args, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s := NewSpread(p, 1); (s != nil) != tt.want {
			t.Errorf("%d arguments: spread %t, want %t", len(tt.args), s != nil, tt.want)
		}
	}
}

// TestSpreadGivesWay: where too many targets wait, portals are asked as they were given,
// until their turn has come.
func TestSpreadGivesWay(t *testing.T) {
	t.Parallel()
	s := NewSpread(rangeOf(t, 5000), 10)
	take := func(n int) (taken []int) {
		for range n {
			index, _ := s.next()
			taken = append(taken, index)
		}
		return taken
	}
	first := take(3) // 0, then two that are far
	result := func(position, targets int) *initiator.Result {
		r := &initiator.Result{TargetsFound: targets}
		s.restore(&initiator.Batch{Index: position, Result: r})
		return r
	}
	far := result(1, 11)
	if got, want := take(3), []int{1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("while 11 targets wait: asked %v, want %v", got, want)
	}
	s.Out(far)
	after := take(2)
	if want := []int{3 * s.stride % 4096, 4 * s.stride % 4096}; !slices.Equal(after, want) {
		t.Errorf("when they are out: asked %v, want %v", after, want)
	}
	result(2, 11)
	seen := make([]bool, 5000)
	for _, index := range slices.Concat(first, []int{1, 2, 3}, after, take(5000-8)) {
		if seen[index] {
			t.Fatalf("%d was asked twice", index)
		}
		seen[index] = true
	}
	if _, ok := s.next(); ok {
		t.Error("there is one more")
	}
}

// TestSpreadCancelled: whenever a run ends, the results of the portals that were asked and
// of the others come out in the given order, each once and without a gap; also where the
// Discoverer gives none for a portal that it took.
func TestSpreadCancelled(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1, 2, 3, 100, 4096, 4100, 9000} {
		for _, asked := range []int{0, 1, 2, 50, 99, 100, 4095, 4096, 4097, 8193, 9000} {
			if asked > count {
				continue
			}
			lost := asked % 3 // of the last portals there is no result
			p := rangeOf(t, count)
			s := NewSpread(p, math.MaxInt)
			var taken []initiator.Portal
			for portal := range s.All(p) {
				if len(taken) == asked {
					break // it was taken, and not begun
				}
				taken = append(taken, portal)
			}
			order := rand.New(rand.NewPCG(1, uint64(asked))).Perm(max(0, asked-lost))
			ctx, cancel := context.WithCancel(t.Context())
			batches := s.Given(func(yield func(*initiator.Batch) bool) {
				for _, i := range order {
					r := &initiator.Result{InitiatorName: "asked"}
					r.Asked.Portal = taken[i]
					if !yield(&initiator.Batch{Index: i, Portal: taken[i], Result: r}) {
						return
					}
				}
				cancel()
			})
			notAsked := func(p initiator.Portal) *initiator.Result {
				r := &initiator.Result{InitiatorName: "not"}
				r.Asked.Portal = p
				return r
			}
			results, next := 0, 0
			for b := range initiator.InOrder(s.Rest(ctx, batches, notAsked), 1<<20) {
				if b.Index != next || b.Result == nil || b.Result.Asked.Portal != p.At(next) || b.Portal != p.At(next) {
					t.Fatalf("%d of %d asked: got %+v, want that of %d", asked, count, b, next)
				}
				if b.Result.InitiatorName == "asked" {
					results++
				}
				next++
			}
			cancel()
			if results != len(order) || next > count || next%spreadWindow != 0 && next != count {
				t.Errorf("%d of %d asked: %d of %d results, and %d in all", asked, count, results, len(order), next)
			}
		}
	}
}

// TestPortalAt: At is the portal that From begins with.
func TestPortalAt(t *testing.T) {
	t.Parallel()
	p, err := parse([]string{"a", "192.0.2.8/29", "[2001:db8::1]:3261", "2001:db8::ffff-2001:db8::1:3", "b:1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range listed(p, 0) {
		if got := p.At(i).String(); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
}
