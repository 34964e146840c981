package xfrm

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// A Dialer makes a TCP connection under a hold.
type Dialer struct {
	Hold   Hold
	Source netip.Addr // to connect from; required
	Device string     // network interface to bind to; empty: none

	// Wait is how long to wait for security associations, which the kernel asks
	// an IKE daemon for when a packet needs them. 0: they must be there.
	Wait time.Duration

	port  uint16 // of ours; 0: any
	guard *guard // of the connection; nil: there is none
}

// waitEvery is how often it is tried whether associations are there.
const waitEvery = 20 * time.Millisecond

// DialContext connects; it is called once. The hold is on the socket before it
// has an address, and stays on it in the kernel until its last byte. When the
// associations go away, the connection ends with an *enforce.LostError.
//
// Errors are a *HoldError, a *NoAssociationError, a *BlockedError, or what the
// network said. After the last kind Close is due as after a connection: a SYN may
// have left, and its answer may still come.
func (d *Dialer) DialContext(ctx context.Context, portal netip.AddrPort) (net.Conn, error) {
	w, err := watch(d.Hold, d.Source, portal)
	if err != nil {
		return nil, &HoldError{Err: err}
	}
	nc, err := d.connect(ctx, portal)
	if err != nil {
		w.close()
		return nil, d.explain(err)
	}
	return newConn(nc.(*net.TCPConn), d.guard, w), nil
}

// Close lets go of the connection, after it was closed, or was not made. Until
// then, and as long as there are associations by which the other end might still
// say something, the kernel answers under them only; so the caller that made the
// associations ends them first. Without Close that takes ten minutes.
func (d *Dialer) Close() error {
	if d.guard == nil {
		return nil
	}
	g := d.guard
	d.guard = nil
	return g.remove()
}

// connect tries until there are associations.
func (d *Dialer) connect(ctx context.Context, portal netip.AddrPort) (net.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, d.Wait)
	defer cancel()
	var missing error // that there are none, of the last try
	for {
		nc, err := d.once(ctx, portal)
		if err == nil {
			return nc, nil
		}
		if !mayHaveLeft(err) {
			if cerr := d.Close(); cerr != nil {
				return nil, errors.Join(err, cerr)
			}
		}
		switch {
		case errors.Is(err, syscall.EAGAIN):
			missing = err
		case missing != nil && ctx.Err() != nil:
			return nil, missing // and that the time is over, is no news
		default:
			return nil, err
		}
		select {
		case <-waiting.Done():
			return nil, err
		case <-time.After(waitEvery):
		}
	}
}

// mayHaveLeft reports whether a packet left before a connection failed, so that
// an answer may come for which there is no socket any more.
func mayHaveLeft(err error) bool {
	var hold *HoldError
	var call *os.SyscallError
	switch {
	case errors.As(err, &hold):
		return false
	case errors.As(err, &call):
		return call.Syscall == "connect" && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EPERM)
	}
	return true // it took too long
}

func (d *Dialer) once(ctx context.Context, portal netip.AddrPort) (net.Conn, error) {
	// A hold is for one family. A socket for IPv6 that could also do IPv4
	// would slip out of it, so it is named: then the socket cannot.
	network := "tcp4"
	if portal.Addr().Is6() {
		network = "tcp6"
	}
	nd := net.Dialer{
		// A discovery is over before the first keep-alive would be due.
		KeepAliveConfig: net.KeepAliveConfig{Enable: false}, KeepAlive: -1,
		ControlContext: func(_ context.Context, _, _ string, c syscall.RawConn) error {
			return d.secure(c, portal)
		},
	}
	return nd.DialContext(ctx, network, portal.String())
}

// secure prepares a socket that is about to connect. Its address is given to it
// here rather than by the net package, since the guard goes by its port.
func (d *Dialer) secure(c syscall.RawConn, portal netip.AddrPort) error {
	if err := d.Hold.set(c, family(portal.Addr())); err != nil {
		return err
	}
	// The next try has the same port: an IKE daemon may negotiate for the one
	// that it heard of.
	port, err := bind(c, netip.AddrPortFrom(d.Source, d.port), d.Device)
	if err != nil {
		return err
	}
	d.port = port
	d.guard = newGuard(d.Hold, d.Source, port, portal)
	return d.guard.set()
}

// explain gives the kernel's answers to connect their meaning.
func (d *Dialer) explain(err error) error {
	var hold *HoldError
	var call *os.SyscallError
	switch {
	case errors.As(err, &hold):
		return hold
	case !errors.As(err, &call) || call.Syscall != "connect":
		return err
	case errors.Is(err, syscall.EAGAIN):
		return &NoAssociationError{Hold: d.Hold, Err: call}
	case errors.Is(err, syscall.EPERM):
		return &BlockedError{Policy: "a policy of the kernel", Err: call}
	}
	return err
}
