package vici

import (
	"bufio"
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// How often a connection is tried while the daemon's queue is full: soon at
// first, since a daemon that works empties it in no time.
const (
	busyFirst = time.Millisecond
	busyLast  = 50 * time.Millisecond
)

// A BusyError is a daemon with a queue of connections that was full for all of
// the time: it listens, and accepts none.
type BusyError struct {
	Err error // why it was not waited for longer
}

func (e *BusyError) Error() string {
	return "the queue of the socket is full: " + e.Err.Error()
}

// Unwrap returns why it was not waited for longer.
func (e *BusyError) Unwrap() error { return e.Err }

// Dial connects with the daemon that listens on a unix socket. The daemon lets
// few connections wait (charon three); where no more may, the kernel says EAGAIN,
// and Dial tries again until there is room or ctx ends. That is a *BusyError.
func Dial(ctx context.Context, path string) (*Conn, error) {
	var d net.Dialer
	for pause := busyFirst; ; pause = min(2*pause, busyLast) {
		nc, err := d.DialContext(ctx, "unix", path)
		var timeout net.Error
		switch {
		case err == nil:
			return &Conn{nc: nc, r: bufio.NewReader(nc)}, nil
		case errors.Is(err, syscall.EAGAIN):
		case errors.As(err, &timeout) && timeout.Timeout():
			<-ctx.Done() // which net.Dialer may be ahead of
		default:
			return nil, cause(ctx, err)
		}
		select {
		case <-ctx.Done():
			return nil, &BusyError{Err: context.Cause(ctx)}
		case <-time.After(pause):
		}
	}
}
