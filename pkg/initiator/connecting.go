package initiator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/handshakes"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// patience is how long a worker waits for a handshake. One that takes longer waits in
// the set of the pool, and the worker takes another portal. A test changes it.
var patience = 5 * time.Millisecond

// errSuspended ends an attempt that is resumed, from its beginning, when its connection
// is there or has failed.
var errSuspended = fmt.Errorf("its connection takes longer: %w", errStopped)

// A triedConnection is a connection that was made before an attempt was resumed.
type triedConnection struct {
	from netip.Addr // invalid: left to the connection
	to   netip.AddrPort
	conn net.Conn // nil: there is none, or it is in use
	err  error
	used bool // the resumed attempt came to it
}

// handshakeSet is where the handshakes of a run wait.
type handshakeSet = handshakes.Set[*suspended]

// connectPatiently is dial where there may be too few descriptors. The time that it
// waits for one is not the portal's. hangUp closes a connection that it returns.
func (a *attempt) connectPatiently(ctx context.Context, from ports.Port, dst netip.AddrPort) (net.Conn, error) {
	if t := a.earlier(from, dst); t != nil {
		nc := t.conn
		t.conn = nil
		return nc, t.err
	}
	if a.overtime {
		return nil, a.late()
	}
	d := a.pool.descriptors
	given := d.Take()
	for {
		nc, err := a.dial(ctx, from, dst)
		again, interrupted, waited := false, false, true
		switch {
		case err == nil:
			a.entered = true
			return nc, nil
		case errors.Is(err, errSuspended):
			return nil, err // the descriptor is the handshake's
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
			a.watch.Pause()
			again, interrupted = d.WaitForClose(a.pool.ctx, &given, a.pool.ready())
			a.watch.Resume()
		case lacksPort(err, dst, from):
			if again, interrupted = a.waitForPort(); !again {
				d.Leave()
			}
		default:
			waited = false
			d.Leave()
		}
		switch {
		case interrupted && a.maySuspend():
			a.interrupted = a.suspend()
			return nil, errSuspended
		case interrupted:
			a.putOff(a.pool.set.Take())
			given = d.Take()
		case !again:
			if waited && a.pool.ctx.Err() != nil {
				err = context.Cause(a.pool.ctx) // which ended the wait
			}
			a.tried = append(a.tried, triedConnection{from: from.Address, to: dst, err: err})
			return nil, err
		}
		a.paced = true // the connection was not begun
	}
}

// putOff takes a portal whose connection is over: that is closed, if there is one, so that
// this attempt, which cannot give way, gets a descriptor. The worker begins the portal
// again afterwards.
func (a *attempt) putOff(r handshakes.Result[*suspended]) {
	s := r.Item
	last := len(s.tried) - 1
	if r.Conn != nil {
		a.hangUp(r.Conn, true)
		s.tried = s.tried[:last]
	} else {
		s.passed(r.Spent)
		s.tried[last].err = r.Err
	}
	a.held = append(a.held, s)
}

// A portal that finds no free TCP port of this host tries again after portWait, for
// portPatience at most: the system keeps the port of a closed connection for a minute.
const (
	portWait     = 100 * time.Millisecond
	portPatience = 2 * time.Minute
)

// lacksPort reports that there is no free TCP port for a connection. For IPv6 without a
// source address the same error says that this host has no address to connect from.
func lacksPort(err error, dst netip.AddrPort, from ports.Port) bool {
	var call *os.SyscallError
	return errors.Is(err, syscall.EADDRNOTAVAIL) && errors.As(err, &call) && call.Syscall == "connect" &&
		(dst.Addr().Is4() || from.Address.IsValid())
}

// waitForPort waits until a port may be free, which is not the portal's time. again: the
// connection may be tried again; interrupted: another one waits for a worker.
func (a *attempt) waitForPort() (again, interrupted bool) {
	if a.portWaits += portWait; a.portWaits > portPatience {
		return false, false
	}
	a.watch.Pause()
	defer a.watch.Resume()
	t := time.NewTimer(portWait)
	defer t.Stop()
	select {
	case <-t.C:
		return true, false
	case <-a.pool.ready():
		return false, true
	case <-a.pool.ctx.Done():
		return false, false
	}
}

// hangUp closes a connection; plain is one of connectPatiently.
func (a *attempt) hangUp(nc net.Conn, plain bool) {
	_ = nc.Close()
	if plain {
		a.pool.descriptors.Leave()
	}
}

// earlier returns a connection that was made before the attempt was resumed; nil: there
// is none. With the last of them, or where it goes another way, the attempt goes on by
// itself.
func (a *attempt) earlier(from ports.Port, dst netip.AddrPort) *triedConnection {
	if !a.resumed {
		return nil
	}
	for i := range a.tried {
		t := &a.tried[i]
		if t.used || t.from != from.Address || t.to != dst {
			continue
		}
		t.used = true
		a.resumed = i < len(a.tried)-1
		a.replayed, a.entered = t.err != nil, t.err == nil
		return t
	}
	a.resumed = false
	return nil
}

// dial connects from a port. Where that was left to the connection, and no route
// is there for a socket without a source address, it connects from the port that
// has one: rules by source make it so.
func (a *attempt) dial(ctx context.Context, from ports.Port, dst netip.AddrPort) (net.Conn, error) {
	nc, err := a.dialFrom(ctx, from, from, dst)
	if from.Address.IsValid() || !errors.Is(err, syscall.ENETUNREACH) {
		return nc, err
	}
	all, none := a.selector().Choose(ctx, "", ports.All, dst)
	if none != nil {
		return nil, err
	}
	return a.dialFrom(ctx, all[0], from, dst)
}

// dialFrom connects from a port; asked is the one that the attempt chose.
func (a *attempt) dialFrom(ctx context.Context, from, asked ports.Port, dst netip.AddrPort) (net.Conn, error) {
	if err := a.inTurn(ctx); err != nil {
		return nil, err
	}
	a.watch.Within(a.d.ConnectTimeout)
	if a.d.Dial != nil {
		return a.d.Dial(ctx, from.Address, dst)
	}
	device := ""
	if a.bindDevice() {
		device = from.Interface
	}
	wait := time.Duration(0)
	if a.maySuspend() {
		wait = patience
	}
	nc, h, err := dial.TCP(ctx, a.watch.Guard, from.Address, device, dst, wait)
	if h == nil {
		return nc, err
	}
	left, limit := a.watch.Left()
	s := a.suspend()
	s.tried = append(s.tried, triedConnection{from: asked.Address, to: dst})
	if err := a.pool.set.Add(h, s, time.Now().Add(left), &TimeoutError{Limit: limit}); err != nil {
		return h.Wait(a.watch.Guard) // in this worker, then
	}
	return nil, errSuspended
}

// inTurn waits until a connection may be begun. The time is not the portal's.
func (a *attempt) inTurn(ctx context.Context) error {
	if a.paced || !a.pool.pacer.Limits() {
		a.paced = false
		return nil
	}
	a.watch.Pause()
	defer a.watch.Resume()
	return a.pool.pacer.Wait(ctx)
}

// late is the error of a portal whose time is over.
func (a *attempt) late() error {
	a.replayed = true // nothing is to be said of the time that it took now
	return &stagedError{StageConnect, &TimeoutError{Limit: a.d.timeout()}}
}

// replayTime is what a port gets whose connection has failed before the attempt was
// resumed, and took all the time.
const replayTime = time.Second
