package sweep

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

const (
	spreadWindow = 4096 // portals that are spread among each other
	spreadFrom   = 64   // portals of a list without blocks: up to so many are not spread
)

// A Spread is the order in which portals are asked. Within each window of 4,096 portals,
// as they were given, those that are asked one after the other stand far apart, so that
// the addresses of one array, or behind one switch, are not all asked at the same time.
// Where too many targets wait for the portals before them, the portals are asked as they
// were given until those have come. Nil asks all of them as they were given.
//
// The Discoverer counts portals as they are asked; Given changes that to the index that a
// portal was given with.
type Spread struct {
	portals *Portals
	most    int // targets that may wait

	mu      sync.Mutex                // guards the following
	first   int                       // index of the first portal of the window
	size    int                       // of the window; 0: none was begun
	left    int                       // portals of the window that were not asked
	stride  int                       // from one place in the window to the next
	step    int                       // of the stride
	lowest  int                       // all places below were asked
	asked   [spreadWindow / 64]uint64 // a bit for each place
	count   int                       // portals that were asked
	under   map[int]int               // those without a result: the Discoverer's index to the given one
	waiting int                       // targets whose turn has not come
	over    bool                      // no more portals are to be asked
}

// NewSpread returns the order of a run in which most targets may wait for their turn; nil
// where there is nothing to spread.
func NewSpread(p *Portals, most int) *Spread {
	if p.Count <= spreadFrom && len(p.Blocks()) == 0 {
		return nil
	}
	return &Spread{portals: p, most: most, under: make(map[int]int)}
}

// strideSearch is how far from the golden section of a size a stride is looked for.
const strideSearch = 48

// stride returns the step by which the places of a window are taken, which has no factor
// in common with its size, so that each is taken once. It is near the golden section of the
// size, and the quotients of Euclid's algorithm are small for it: places that are taken one
// after the other are then about as far apart as can be.
func stride(size int) int {
	golden := int(math.Round(float64(size) * (math.Sqrt(5) - 1) / 2))
	best, least := 1, math.MaxInt
	for s := max(1, golden-strideSearch); s <= golden+strideSearch && s <= max(1, size-1); s++ {
		if divisor, largest := euclid(size, s); divisor == 1 && largest < least {
			best, least = s, largest
		}
	}
	return best
}

// euclid returns the greatest common divisor, and the largest quotient on the way to it.
func euclid(a, b int) (divisor, largest int) {
	for b != 0 {
		largest = max(largest, a/b)
		a, b = b, a%b
	}
	return a, largest
}

// next takes the index of the portal to ask next; false: there is none.
func (s *Spread) next() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 {
		s.first += s.size
		s.size = min(spreadWindow, s.portals.Count-s.first)
		s.left, s.step, s.lowest, s.asked = s.size, 0, 0, [len(s.asked)]uint64{}
		s.stride = stride(s.size)
	}
	if s.left == 0 || s.over {
		return 0, false
	}
	place := s.lowest
	if s.waiting > s.most {
		for ; s.isAsked(place); place++ {
		}
		s.lowest = place + 1
	} else {
		for place = s.takeStep(); s.isAsked(place); {
			place = s.takeStep()
		}
	}
	s.asked[place/64] |= 1 << (place % 64)
	s.left--
	s.under[s.count] = s.first + place
	s.count++
	return s.first + place, true
}

// takeStep returns the place of the next step.
func (s *Spread) takeStep() int {
	place := s.step * s.stride % s.size
	s.step++
	return place
}

func (s *Spread) isAsked(place int) bool { return s.asked[place/64]>>(place%64)&1 != 0 }

// All yields the portals of p in the order in which they are asked. Whatever stands
// between it and the Discoverer leaves none out and has its order.
func (s *Spread) All(p *Portals) iter.Seq[initiator.Portal] {
	if s == nil {
		return p.All()
	}
	return func(yield func(initiator.Portal) bool) {
		for {
			index, ok := s.next()
			if !ok || !yield(p.At(index)) {
				return
			}
		}
	}
}

// Given gives batches the index that their portals were given with.
func (s *Spread) Given(batches iter.Seq[*initiator.Batch]) iter.Seq[*initiator.Batch] {
	if s == nil {
		return batches
	}
	return func(yield func(*initiator.Batch) bool) {
		for b := range batches {
			s.restore(b)
			if !yield(b) {
				return
			}
		}
	}
}

func (s *Spread) restore(b *initiator.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	index := b.Index
	b.Index = s.under[index]
	if b.Result != nil {
		delete(s.under, index)
		s.waiting += b.Result.TargetsFound
	}
}

// Out takes a result whose turn has come: its targets wait no longer.
func (s *Spread) Out(r *initiator.Result) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = max(0, s.waiting-r.TargetsFound)
}

// Rest adds to batches with given indexes, where the context has ended, one with the
// result of notAsked for each portal that has no result and stands before or within the
// last window that was begun. So there is no gap before the results that have come.
func (s *Spread) Rest(ctx context.Context, batches iter.Seq[*initiator.Batch], notAsked func(initiator.Portal) *initiator.Result) iter.Seq[*initiator.Batch] {
	if s == nil {
		return batches
	}
	return func(yield func(*initiator.Batch) bool) {
		for b := range batches {
			if !yield(b) {
				return
			}
		}
		if ctx.Err() == nil {
			return
		}
		for _, index := range s.end() {
			p := s.portals.At(index)
			if !yield(&initiator.Batch{Index: index, Portal: p, Result: notAsked(p)}) {
				return
			}
		}
	}
}

// end has no more portals asked, and returns those that Rest speaks of.
func (s *Spread) end() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	rest := slices.Collect(maps.Values(s.under))
	for place := 0; s.left > 0 && place < s.size; place++ {
		if !s.isAsked(place) {
			rest = append(rest, s.first+place)
		}
	}
	slices.Sort(rest)
	return rest
}
