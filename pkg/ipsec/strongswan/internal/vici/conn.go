package vici

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// A Conn is a connection with the daemon. It does one thing at a time, and none
// after an error other than a *FailedError.
type Conn struct {
	nc     net.Conn
	r      *bufio.Reader
	broken bool // its next answer may be that to an earlier command, or none
}

// Close closes the connection. What is under way on it fails.
func (c *Conn) Close() error { return c.nc.Close() }

// Usable reports whether the connection can take another command: nothing went
// wrong on it, and the daemon has neither closed it nor said anything unasked.
func (c *Conn) Usable() bool { return !c.broken && c.r.Buffered() == 0 && quiet(c.nc) }

// A FailedError is a command that the daemon did not carry out.
type FailedError struct {
	Command string
	Reason  string // in the daemon's words
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("%s: %s", e.Command, e.Reason)
}

// errUnknown is a command or event that the daemon does not know.
var errUnknown = errors.New("the daemon does not know it")

// Call has the daemon carry out a command.
func (c *Conn) Call(ctx context.Context, command string, request Section) (Section, error) {
	return c.Stream(ctx, command, "", request, nil)
}

// Stream is Call, and hands on the events of a name that come meanwhile; empty:
// there are none. All that the daemon sent before its answer are handed on
// before Stream returns. An error of each ends the Stream, and the connection.
func (c *Conn) Stream(ctx context.Context, command, event string, request Section, each func(Section) error) (Section, error) {
	stop := c.watch(ctx)
	answer, err := c.stream(ctx, command, event, request, each)
	var refused *FailedError
	if !stop() || err != nil && !errors.As(err, &refused) {
		c.broken = true // also by the deadline that watch may have set just now
	}
	return answer, err
}

func (c *Conn) stream(ctx context.Context, command, event string, request Section, each func(Section) error) (Section, error) {
	if event != "" {
		if _, err := c.exchange(ctx, Packet{Type: EventRegister, Name: event}, event, each); err != nil {
			return nil, err
		}
	}
	answer, err := c.exchange(ctx, Packet{Type: CommandRequest, Name: command, Message: request}, event, each)
	var refused *FailedError
	if event == "" || err != nil && !errors.As(err, &refused) {
		return answer, err
	}
	// Events may still be on the way, and end with the confirmation.
	if _, uerr := c.exchange(ctx, Packet{Type: EventUnregister, Name: event}, event, nil); uerr != nil {
		return answer, uerr
	}
	return answer, err
}

// exchange sends a packet and returns the answer to it.
func (c *Conn) exchange(ctx context.Context, p Packet, event string, each func(Section) error) (Section, error) {
	if err := WritePacket(c.nc, p); err != nil {
		return nil, cause(ctx, err)
	}
	for {
		answer, err := ReadPacket(c.r)
		switch {
		case err != nil:
			return nil, cause(ctx, err)
		case answer.Type == Event && answer.Name == event:
			if each != nil {
				if err := each(answer.Message); err != nil {
					return nil, err
				}
			}
		case answer.Type == Event: // one that was registered before
		case answer.Type == CommandUnknown, answer.Type == EventUnknown:
			return nil, fmt.Errorf("%s: %w", p.Name, errUnknown)
		case p.Type == CommandRequest && answer.Type == CommandResponse:
			return answer.Message, failure(p.Name, answer.Message)
		case p.Type != CommandRequest && answer.Type == EventConfirm:
			return nil, nil
		default:
			return nil, &FormatError{Reason: fmt.Sprintf("a packet of type %d answers one of type %d", answer.Type, p.Type)}
		}
	}
}

// failure returns a *FailedError where the answer says so.
func failure(command string, answer Section) error {
	if s := answer.Text("success"); s == "" || s == "yes" {
		return nil
	}
	return &FailedError{Command: command, Reason: answer.Text("errmsg")}
}

// watch makes reads and writes fail once ctx is done.
func (c *Conn) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.nc.SetDeadline(time.Unix(1, 0)) })
}

// cause returns why ctx ended in place of what follows from it.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
