package registrypipe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A Client is a registry.Store in another process. Make one with Open.
type Client struct {
	most, bytes int
	closed      func() error // what the end of the connection brings
	out         io.WriteCloser
	ended       chan struct{} // closed when no answer comes any more

	writing sync.Mutex // one message at a time

	mu      sync.Mutex // guards the following
	last    uint64
	waiting map[uint64]chan *answer
	failed  error // why no answer comes any more
}

// Open greets a server at the other ends of in and out. closed is called at the end, after
// out was closed: it waits for the process.
func Open(in io.Reader, out io.WriteCloser, closed func() error) (*Client, error) {
	reader := bufio.NewReader(in)
	var hello answer
	err := readFrame(reader, &hello)
	switch {
	case err != nil:
		err = fmt.Errorf("the program that opens the registry does not answer: %w", err)
	case hello.Version != protocolVersion:
		err = errors.New("the program that opens the registry is of another release: install both from one")
	default:
		err = hello.Err.err(context.Background())
	}
	if err != nil {
		return nil, errors.Join(err, out.Close(), closed())
	}
	c := &Client{most: hello.Most[0], bytes: hello.Most[1], closed: closed, out: out, ended: make(chan struct{}), waiting: make(map[uint64]chan *answer)}
	go c.read(reader)
	return c, nil
}

// read hands out answers until none comes any more.
func (c *Client) read(in io.Reader) {
	defer close(c.ended)
	for {
		a := new(answer)
		err := readFrame(in, a)
		c.mu.Lock()
		if err != nil {
			c.failed = &Error{Text: fmt.Sprintf("the program that opened the registry has ended: %v", err), err: err}
			c.mu.Unlock()
			return
		}
		if waiting := c.waiting[a.ID]; waiting != nil {
			waiting <- a // there is room for one
			delete(c.waiting, a.ID)
		}
		c.mu.Unlock()
	}
}

// call sends a request and waits for its answer. When ctx ends, the server ends the request,
// and tells its outcome.
func (c *Client) call(ctx context.Context, r *request) (*answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	waiting := make(chan *answer, 1)
	c.mu.Lock()
	c.last++
	r.ID = c.last
	c.waiting[r.ID] = waiting
	c.mu.Unlock()
	if err := c.send(r); err != nil {
		return nil, &Error{Text: fmt.Sprintf("the program that opened the registry has ended: %v", err), err: err}
	}
	stop := context.AfterFunc(ctx, func() { _ = c.send(&request{Op: opCancel, Of: r.ID}) })
	defer stop()
	select {
	case a := <-waiting:
		return a, a.Err.err(ctx)
	case <-c.ended:
		select {
		case a := <-waiting:
			return a, a.Err.err(ctx)
		default:
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return nil, c.failed
	}
}

func (c *Client) send(r *request) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return writeFrame(c.out, r)
}

// Get returns a record, as registry.Store says.
func (c *Client) Get(ctx context.Context, key string) (registry.Record, error) {
	a, err := c.call(ctx, &request{Op: opGet, Key: []byte(key)})
	if err != nil || len(a.Records) != 1 {
		return registry.Record{Key: key}, err
	}
	return a.Records[0].stored(), nil
}

// List yields records, as registry.Store says.
func (c *Client) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		open := &request{Op: opOpen, Key: []byte(prefix)}
		if _, err := c.call(ctx, open); err != nil {
			yield(registry.Record{}, err)
			return
		}
		// Of a list that has ended, it does nothing.
		defer func() { _, _ = c.call(context.WithoutCancel(ctx), &request{Op: opClose, Of: open.ID}) }()
		for more := true; more; {
			a, err := c.call(ctx, &request{Op: opNext, Of: open.ID})
			if more = a != nil && a.More; a != nil {
				for i := range a.Records {
					if ctx.Err() != nil {
						yield(registry.Record{}, ctx.Err())
						return
					}
					if !yield(a.Records[i].stored(), nil) {
						return
					}
				}
			}
			if err != nil {
				yield(registry.Record{}, err)
				return
			}
		}
	}
}

// Apply makes changes, as registry.Store says.
func (c *Client) Apply(ctx context.Context, changes ...registry.Change) error {
	if err := registry.CheckChanges(changes); err != nil {
		return err
	}
	if err := registry.CheckLimits(changes, c.most, c.bytes); err != nil {
		return err
	}
	if len(changes) == 0 {
		return ctx.Err()
	}
	_, err := c.call(ctx, &request{Op: opApply, Changes: wireChanges(changes)})
	return err
}

// Limits returns those of the Store in the other process.
func (c *Client) Limits() (changes, bytes int) { return c.most, c.bytes }

// Close ends the connection, and with it the other process.
func (c *Client) Close() error {
	err := c.out.Close()
	<-c.ended
	return errors.Join(err, c.closed())
}
