package handshakes

import (
	"container/heap"
	"context"
	"math"
	"net"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
)

// A Set has the handshakes of a run that are under way, each with an item that goes
// along, and those that are over until they are taken. Its methods are safe for
// concurrent use.
type Set[T any] struct {
	ctx      context.Context
	room     int // handshakes at most
	sessions int // that take what is over
	closed   func()

	// Ready has one value for each handshake that is over: who takes it calls Take.
	Ready chan struct{}
	// More has a value where there may be room again.
	More chan struct{}

	mu      sync.Mutex // guards the following
	watcher *watcher   // nil: none was needed yet
	waiting map[int]*entry[T]
	order   byDeadline[T]
	over    []*entry[T]
	number  int           // of the next entry
	idle    chan struct{} // closed while there is none
	odds
}

// An entry is a handshake and what goes along.
type entry[T any] struct {
	h        *dial.Handshake
	item     T
	begun    time.Time
	deadline time.Time
	late     error // that it fails with at the deadline
	number   int
	place    int // in the order
	result   Result[T]
}

// A Result is what became of a handshake.
type Result[T any] struct {
	Item  T
	Conn  net.Conn      // nil: there is none
	Err   error         // why
	Spent time.Duration // since Add
}

// New returns a set for so many handshakes, whose connections so many sessions take.
// All end with ctx. closed is called for each that came to nothing.
func New[T any](ctx context.Context, room, sessions int, closed func()) *Set[T] {
	idle := make(chan struct{})
	close(idle)
	return &Set[T]{
		ctx: ctx, room: room, sessions: sessions, closed: closed, idle: idle,
		Ready: make(chan struct{}, room+3*sessions), More: make(chan struct{}, 1),
		waiting: make(map[int]*entry[T]),
	}
}

// HasRoom reports whether one more handshake may begin. Where many of them become
// connections there is less room: a connection is not to wait long for its session.
func (s *Set[T]) HasRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hasRoom()
}

func (s *Set[T]) hasRoom() bool {
	n := len(s.waiting)
	return n < s.room && len(s.over) < s.sessions && s.expected(n) < ahead*s.sessions
}

// Again passes on that there may be room, where there still is.
func (s *Set[T]) Again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell()
}

// tell says where there is room.
func (s *Set[T]) tell() {
	if s.hasRoom() {
		select {
		case s.More <- struct{}{}:
		default:
		}
	}
}

// Idle is closed while the set has nothing.
func (s *Set[T]) Idle() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idle
}

// Add takes a handshake. One that is not over at the deadline fails with late. An error
// means that the set cannot wait for it; the handshake is the caller's then.
func (s *Set[T]) Add(h *dial.Handshake, item T, deadline time.Time, late error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watcher == nil {
		w, err := newWatcher()
		if err != nil {
			return err
		}
		s.watcher = w
		stop := context.AfterFunc(s.ctx, w.wake)
		go func() {
			defer stop()
			s.watch(w)
		}()
	}
	if len(s.waiting)+len(s.over) == 0 {
		s.idle = make(chan struct{})
	}
	e := &entry[T]{h: h, item: item, begun: time.Now(), deadline: deadline, late: late, number: s.number}
	s.number = (s.number + 1) & math.MaxInt32
	s.waiting[e.number] = e
	heap.Push(&s.order, e)
	if err := s.watcher.add(h, e.number); err != nil {
		s.remove(e)
		return err
	}
	if e.place == 0 || !s.hasRoom() {
		s.watcher.wake() // its deadline is the next, or it is to be seen when there is room again
	}
	return nil
}

// remove takes an entry out.
func (s *Set[T]) remove(e *entry[T]) {
	delete(s.waiting, e.number)
	heap.Remove(&s.order, e.place)
	if len(s.waiting)+len(s.over) == 0 {
		close(s.idle)
	}
}

// Take returns what became of one handshake. It is called once for each value of Ready.
func (s *Set[T]) Take() Result[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.over[0]
	s.over[0] = nil
	if s.over = s.over[1:]; len(s.waiting)+len(s.over) == 0 {
		s.over = nil
		close(s.idle)
	}
	return e.result
}

// Close ends the set, which has nothing by now.
func (s *Set[T]) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watcher != nil {
		s.watcher.end()
		s.watcher = nil
	}
}

// tick is how exact deadlines are: those that are as near to each other end together.
const tick = 5 * time.Millisecond

// watch waits for the ends of handshakes.
func (s *Set[T]) watch(w *watcher) {
	next := time.Now()
	for {
		numbers, ended := w.wait(next)
		if ended {
			return
		}
		next = s.settle(numbers)
	}
}

// settle notes which handshakes are over, and returns when the next deadline is.
func (s *Set[T]) settle(numbers []int) (next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, n := range numbers {
		if e := s.waiting[n]; e != nil && e.h.Look() {
			c, err := e.h.Conn()
			s.end(e, now, c, err)
		}
	}
	stopped := s.ctx.Err() != nil
	for len(s.order) > 0 && (stopped || !s.order[0].deadline.After(now)) {
		e := s.order[0]
		e.h.Close()
		why := e.late
		if stopped {
			why = context.Cause(s.ctx)
		}
		s.end(e, now, nil, why)
	}
	next = now.Add(time.Hour)
	if len(s.order) > 0 {
		next = s.order[0].deadline.Add(tick)
	}
	s.aged = 0
	for _, e := range s.order {
		if now.Sub(e.begun) > young {
			s.aged++
		}
	}
	s.tell()
	if !s.hasRoom() && len(s.waiting) < s.room {
		next = now.Add(young / 4) // some will be older then
	}
	return next
}

// end makes an entry one that is over.
func (s *Set[T]) end(e *entry[T], now time.Time, c net.Conn, err error) {
	if c == nil {
		s.closed()
	}
	s.decided(c != nil)
	e.result = Result[T]{Item: e.item, Conn: c, Err: err, Spent: now.Sub(e.begun)}
	delete(s.waiting, e.number)
	heap.Remove(&s.order, e.place)
	s.over = append(s.over, e)
	s.Ready <- struct{}{} // there is room
}

// byDeadline is a heap.
type byDeadline[T any] []*entry[T]

func (o byDeadline[T]) Len() int           { return len(o) }
func (o byDeadline[T]) Less(i, j int) bool { return o[i].deadline.Before(o[j].deadline) }

func (o byDeadline[T]) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].place, o[j].place = i, j
}

// Push implements heap.Interface.
func (o *byDeadline[T]) Push(x any) {
	e := x.(*entry[T])
	e.place = len(*o)
	*o = append(*o, e)
}

// Pop implements heap.Interface.
func (o *byDeadline[T]) Pop() any {
	last := len(*o) - 1
	e := (*o)[last]
	(*o)[last] = nil
	*o = (*o)[:last]
	return e
}
