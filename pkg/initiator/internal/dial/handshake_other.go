//go:build !linux

package dial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"
)

// A Handshake is a TCP connection that is being made, by a goroutine of its own.
type Handshake struct {
	done   chan struct{} // closed at the end; guards the following
	c      net.Conn
	err    error
	cancel context.CancelFunc
}

// begin sends the first packet. The handshake outlives ctx, which is that of the work
// that began it.
func begin(ctx context.Context, source netip.Addr, device string, dst netip.AddrPort) (*Handshake, error) {
	if device != "" && source.IsValid() {
		return nil, fmt.Errorf("bind to interface %s: %s cannot", device, runtime.GOOS)
	}
	// A discovery is over before the first keep-alive would be due.
	d := net.Dialer{KeepAlive: -1}
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	h := &Handshake{done: make(chan struct{})}
	ctx, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(h.done)
		h.c, h.err = d.DialContext(ctx, "tcp", dst.String())
	}()
	return h, nil
}

// wait waits for the end of the handshake, for so long at most; 0: without a limit.
func (h *Handshake) wait(watch watchFunc, patience time.Duration) (done bool, err error) {
	if patience < 0 {
		return false, nil
	}
	watch(h)
	defer watch(nil)
	if patience == 0 {
		<-h.done
		return true, h.err
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-h.done:
		return true, h.err
	case <-t.C:
		return false, nil
	}
}

// SetDeadline ends a handshake whose time is over.
func (h *Handshake) SetDeadline(time.Time) error {
	h.cancel()
	return nil
}

// Look reports whether the handshake is over, without waiting. Conn says how it went.
func (h *Handshake) Look() (over bool) {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

// Tell calls f in a goroutine of its own when the handshake is over.
func (h *Handshake) Tell(f func()) {
	go func() {
		<-h.done
		f()
	}()
}

// Conn returns the connection of a handshake that is over, or why there is none.
func (h *Handshake) Conn() (net.Conn, error) {
	<-h.done
	return h.c, h.err
}

// Close gives up.
func (h *Handshake) Close() {
	h.cancel()
	if <-h.done; h.c != nil {
		_ = h.c.Close()
	}
}

// Wait waits for the end without a limit but that of watch.
func (h *Handshake) Wait(watch func(Deadliner)) (net.Conn, error) {
	if _, err := h.wait(watch, 0); err != nil {
		return nil, err
	}
	return h.c, nil
}
