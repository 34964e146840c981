package iscsitest

import (
	"io"
	"net"
	"time"
)

// A link is a handler behind a way to the initiator that is spoiled.
type link struct {
	Handler
	spoil func(nc net.Conn) io.Writer
}

// Handle lets the handler write through the link.
func (l *link) Handle(c *Conn) error {
	c.out = l.spoil(c.nc)
	return unlessGone(l.Handler.Handle(c))
}

// CutAfter lets only the first n bytes of what h sends through, and closes the
// connection behind them.
func CutAfter(n int, h Handler) Handler {
	return &link{Handler: h, spoil: func(nc net.Conn) io.Writer { return &cutter{nc: nc, left: n} }}
}

type cutter struct {
	nc   net.Conn
	left int
}

func (w *cutter) Write(b []byte) (int, error) {
	if len(b) <= w.left {
		w.left -= len(b)
		return w.nc.Write(b)
	}
	if w.left > 0 {
		if n, err := w.nc.Write(b[:w.left]); err != nil {
			return n, err
		}
	}
	w.nc.Close()
	return w.left, io.ErrClosedPipe
}

// Slow sends what h sends one byte at a time, and lets d pass before each. It is
// meant for testing/synctest bubbles.
func Slow(d time.Duration, h Handler) Handler {
	return &link{Handler: h, spoil: func(nc net.Conn) io.Writer { return &trickle{nc: nc, pause: d} }}
}

type trickle struct {
	nc    net.Conn
	pause time.Duration
}

func (w *trickle) Write(b []byte) (int, error) {
	for i := range b {
		time.Sleep(w.pause)
		if _, err := w.nc.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}
