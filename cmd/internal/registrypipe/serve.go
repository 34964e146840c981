package registrypipe

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A page of a list has at most so many records, and ends with the one that makes it longer
// than pageBytes.
const (
	pageRecords = 256
	pageBytes   = 1 << 20
)

// A server answers the requests of one client.
type server struct {
	store registry.Store
	calls sync.WaitGroup

	writing sync.Mutex // guards out
	out     io.Writer

	mu      sync.Mutex // guards the following
	cancels map[uint64]context.CancelFunc
	lists   map[uint64]*list
}

// A list is one that a client reads.
type list struct {
	mu   sync.Mutex // one page at a time
	next func() (registry.Record, error, bool)
	stop func()
}

// Serve greets the client and answers its requests until in ends. open opens the Store,
// which is closed at the end; where it fails, the client is told why.
func Serve(ctx context.Context, open func(context.Context) (registry.Store, error), in io.Reader, out io.Writer) error {
	store, err := open(ctx)
	if err != nil {
		return writeFrame(out, &answer{Version: protocolVersion, Err: newFailure(err)})
	}
	defer store.Close() //nolint:errcheck // each call has told its outcome
	s := &server{store: store, out: out, cancels: make(map[uint64]context.CancelFunc), lists: make(map[uint64]*list)}
	hello := &answer{Version: protocolVersion}
	hello.Most[0], hello.Most[1] = store.Limits()
	if err := writeFrame(out, hello); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer s.calls.Wait()
	defer cancel()
	for reader := bufio.NewReader(in); ; {
		var r request
		if err := readFrame(reader, &r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		s.take(ctx, &r)
	}
}

// take begins to answer a request.
func (s *server) take(ctx context.Context, r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Op == opCancel {
		if cancel := s.cancels[r.Of]; cancel != nil {
			cancel()
		}
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	s.cancels[r.ID] = cancel
	s.calls.Go(func() {
		a := s.answer(ctx, r)
		a.ID = r.ID
		if r.Op != opOpen || a.Err != nil { // the context of a list is needed until it is closed
			s.end(r.ID)
		}
		s.writing.Lock()
		defer s.writing.Unlock()
		_ = writeFrame(s.out, a) // where it fails, the client is gone, and in ends
	})
}

// end forgets a request.
func (s *server) end(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.cancels[id]; cancel != nil {
		cancel()
		delete(s.cancels, id)
	}
}

func (s *server) answer(ctx context.Context, r *request) *answer {
	switch r.Op {
	case opGet:
		found, err := s.store.Get(ctx, string(r.Key))
		return &answer{Records: []record{wireRecord(found)}, Err: newFailure(err)}
	case opApply:
		return &answer{Err: newFailure(s.store.Apply(ctx, storeChanges(r.Changes)...))}
	case opOpen:
		l := new(list)
		l.next, l.stop = iter.Pull2(s.store.List(ctx, string(r.Key)))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lists[r.ID] = l
		return &answer{}
	case opNext, opClose:
		s.mu.Lock()
		l := s.lists[r.Of]
		s.mu.Unlock()
		if l == nil {
			return &answer{}
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if r.Op == opNext {
			a := l.page()
			if !a.More {
				s.close(r.Of, l)
			}
			return a
		}
		s.close(r.Of, l)
		return &answer{}
	}
	return &answer{Err: newFailure(errors.New("the registry in another process: an unknown request: " + r.Op))}
}

// close ends a list. The caller has l.mu.
func (s *server) close(id uint64, l *list) {
	l.stop()
	s.end(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lists, id)
}

// page returns the next records. The caller has l.mu.
func (l *list) page() *answer {
	a := &answer{More: true}
	for size := 0; len(a.Records) < pageRecords && size < pageBytes; {
		r, err, ok := l.next()
		if !ok || err != nil {
			a.More, a.Err = false, newFailure(err)
			return a
		}
		a.Records = append(a.Records, wireRecord(r))
		size += len(r.Key) + len(r.Value)
	}
	return a
}
