package userspace

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace/internal/netstack"
)

// A dialer makes one connection under security associations that were negotiated for it.
type dialer struct {
	e       *Enforcer
	request enforce.Request

	port  heldPort
	leave func() // ends the turn of the connection; nil: it takes none
	sa    *ikeSA // nil: none was joined
	child *child // nil: none was negotiated
	conn  net.Conn
	once  sync.Once
}

// prepare negotiates. Whatever it ends in, Close cleans up.
func (d *dialer) prepare(ctx context.Context) (err error) {
	if d.port, err = holdPort(d.request.Source); err != nil {
		return failed(err)
	}
	p := pair{d.request.Source, d.request.Peer()}
	for {
		if d.leave == nil && d.e.isWide(p) {
			if d.leave, _, err = d.e.enter(ctx, p, true); err != nil {
				return failed(&enforce.NegotiationError{Peer: p.peer.String(), Reason: "another connection to the peer is in use, and it agrees on one at a time only", Err: err})
			}
		}
		if err := d.negotiate(ctx); err != nil {
			return err
		}
		if d.leave != nil || !d.child.isWide() {
			return nil
		}
		d.e.setWide(p)
		if leave, free, _ := d.e.enter(ctx, p, false); free {
			d.leave = leave
			return nil
		}
		d.end() // and again, when it is this connection's turn
	}
}

// negotiate has security associations negotiated, once.
func (d *dialer) negotiate(ctx context.Context) error {
	s := &d.request
	end, err := d.e.turn(ctx)
	if err != nil {
		return failed(&enforce.NegotiationError{Peer: s.Peer().String(), Reason: "others are being negotiated", Err: err})
	}
	defer end()
	suites, err := espSuites(s)
	if err != nil {
		return failed(err)
	}
	c := newChild(ike.Child{
		Tunnel: s.Plan.Mode == ipsec.TunnelMode,
		Local:  netip.AddrPortFrom(s.Source, d.port.port), Portal: s.Portal, Suites: suites,
	})
	for d.child == nil {
		if d.sa, err = d.e.join(ctx, s); err != nil {
			d.sa = nil
			return failed(err)
		}
		if d.sa.open(c) {
			d.child = c
		} else {
			d.e.part(d.sa, nil) // it ended meanwhile
			d.sa = nil
		}
	}
	select {
	case <-c.settled:
		err = nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err == nil {
		err = c.failure()
	}
	return d.explain(err)
}

// explain returns the error of a negotiation as one of the contract.
func (d *dialer) explain(err error) error {
	if err == nil {
		return nil
	}
	reason, unsent := d.sa.reason(d.child)
	var failure *ike.Failure
	if errors.As(err, &failure) {
		return refused(&d.request, failure, nil, unsent)
	}
	if reason != nil && d.child.failure() == nil {
		return refused(&d.request, reason, err, unsent)
	}
	return failed(&enforce.NegotiationError{Peer: d.request.Peer().String(), Reason: err.Error(), Err: err})
}

// DialContext connects over the security associations.
func (d *dialer) DialContext(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if ctx.Err() != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(d.request.Portal), Err: context.Cause(ctx)}
	}
	connected := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-d.child.gone:
			cancel(d.child.loss())
		case <-connected:
		}
	})
	dial := d.e.dial
	if dial == nil {
		dial = d.e.overESP
	}
	nc, err := dial(ctx, d.child)
	close(connected)
	watching.Wait()
	if err == nil {
		d.conn = nc
		if err = d.child.attach(nc); err == nil {
			return nc, nil
		}
		nc.End(err)
		_ = nc.Close()
	}
	if lost := d.child.loss(); lost != nil {
		return nil, failed(lost)
	}
	return nil, err
}

// overESP connects by a stack of its own.
func (e *Enforcer) overESP(ctx context.Context, c *child) (tcpConn, error) {
	nc, err := netstack.Dial(ctx, c, c.want.Local, c.want.Portal, e.mtu())
	if err != nil {
		return nil, err // not a *netstack.Conn that is nil
	}
	return nc, nil
}

func (e *Enforcer) mtu() int { return min(max(e.MTU, DefaultMTU), maxMTU) }

// Proof tells what went by the security associations.
func (d *dialer) Proof(context.Context) (enforce.Proof, error) {
	p, err := d.child.proof(&d.request)
	if err != nil {
		return p, failed(err)
	}
	return p, nil
}

// Close tells the peer that the security associations are over, and frees what the
// connection has.
func (d *dialer) Close() error {
	d.once.Do(func() {
		if d.conn != nil {
			_ = d.conn.Close() // the caller has closed it already
		}
		d.end()
		if d.leave != nil {
			d.leave()
		}
		if d.port.free != nil {
			_ = d.port.free()
		}
	})
	return nil
}

// end ends the child and its use of the IKE security association.
func (d *dialer) end() {
	if d.sa == nil {
		return
	}
	d.e.part(d.sa, d.child)
	if d.child != nil {
		d.child.stop()
	}
	d.sa, d.child = nil, nil
}
