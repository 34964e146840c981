package control

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// abortLimit is how long a command may take to end when it has to.
const abortLimit = 5 * time.Second

// ErrGone is the error of a request that a guest did not live to answer.
var ErrGone = errors.New("control: the guest is gone")

// An ExitError is the error of a command that did not end well.
type ExitError struct {
	Status int // -1: ended by a signal
}

func (e *ExitError) Error() string {
	if e.Status < 0 {
		return "control: the command was ended by a signal"
	}
	return fmt.Sprintf("control: exit status %d", e.Status)
}

// A Client is the test's end of the line. Its methods may be called from several
// goroutines.
type Client struct {
	ready  chan error
	window *windowWriter

	sending sync.Mutex
	out     *gob.Encoder // guarded by sending

	mu   sync.Mutex
	last uint64                // guarded by mu: the ID of the last request
	open map[uint64]chan Reply // guarded by mu; nil when the line has ended
}

// NewClient returns a Client. It reads from the line until that ends.
func NewClient(line io.ReadWriter) *Client {
	c := &Client{ready: make(chan error, 1), window: newWindowWriter(line), open: make(map[uint64]chan Reply)}
	c.out = gob.NewEncoder(c.window)
	go c.read(gob.NewDecoder(line))
	return c
}

// Ready waits until the guest is ready. It is to be called once, before
// anything else.
func (c *Client) Ready(ctx context.Context) error {
	select {
	case err := <-c.ready:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Run runs a command and writes what it prints as it comes. When the context
// ends, so does the command. The error is an *ExitError where the command was
// run and ended badly.
func (c *Client) Run(ctx context.Context, cmd Command, stdout, stderr io.Writer) error {
	return c.do(ctx, Request{Run: &cmd}, func(r Reply) error {
		_, err1 := stdout.Write(r.Stdout)
		_, err2 := stderr.Write(r.Stderr)
		return errors.Join(err1, err2)
	})
}

// Put makes files in the guest, in order, and stops at the first that cannot be.
func (c *Client) Put(ctx context.Context, files ...File) error {
	return c.do(ctx, Request{Put: files}, func(Reply) error { return nil })
}

// Remove removes files and empty folders in the guest, in order, and stops at the
// first that cannot be.
func (c *Client) Remove(ctx context.Context, paths ...string) error {
	return c.do(ctx, Request{Remove: paths}, func(Reply) error { return nil })
}

// do sends a request and hands out the replies. When the context ends it waits
// for the end of what was asked for, but not for ever.
func (c *Client) do(ctx context.Context, r Request, take func(Reply) error) error {
	replies, err := c.enter(&r)
	if err != nil {
		return err
	}
	result := make(chan error, 1)
	go func() { result <- c.exchange(ctx, r, replies, take) }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-result:
		return err
	case <-time.After(abortLimit):
		return fmt.Errorf("%w, and the guest does not answer", context.Cause(ctx))
	}
}

// exchange sends a request and takes the replies, to the last.
func (c *Client) exchange(ctx context.Context, r Request, replies <-chan Reply, take func(Reply) error) error {
	if err := c.send(r); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.send(Request{ID: r.ID, Abort: true}) })
	defer stop()
	var failed error
	for reply := range replies {
		if failed == nil {
			failed = take(reply)
		}
		switch {
		case !reply.Done:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case reply.Error != "":
			return fmt.Errorf("in the guest: %s", reply.Error)
		case reply.Status != 0:
			return &ExitError{Status: reply.Status}
		default:
			return failed
		}
	}
	return ErrGone
}

// enter gives a request its ID, by which the replies are known.
func (c *Client) enter(r *Request) (<-chan Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		return nil, ErrGone
	}
	c.last++
	r.ID = c.last
	replies := make(chan Reply)
	c.open[r.ID] = replies
	return replies, nil
}

// send sends a request. It fails only when the guest is gone.
func (c *Client) send(r Request) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	if err := c.out.Encode(r); err != nil {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return nil
}

// read gives each reply to who waits for it.
func (c *Client) read(in *gob.Decoder) {
	defer c.end()
	for {
		var r Reply
		if err := in.Decode(&r); err != nil {
			return
		}
		if r.ID == 0 {
			c.window.more(r.Taken)
			if r.Done {
				c.ready <- readiness(r)
			}
			continue
		}
		c.mu.Lock()
		replies := c.open[r.ID]
		if r.Done {
			delete(c.open, r.ID)
		}
		c.mu.Unlock()
		if replies == nil {
			continue
		}
		replies <- r
		if r.Done {
			close(replies)
		}
	}
}

func readiness(r Reply) error {
	if r.Error != "" {
		return fmt.Errorf("in the guest: %s", r.Error)
	}
	return nil
}

// end tells all who wait that nothing more comes.
func (c *Client) end() {
	c.window.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, replies := range c.open {
		close(replies)
	}
	c.open = nil
	select {
	case c.ready <- ErrGone:
	default:
	}
}
