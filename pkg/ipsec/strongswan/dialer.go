package strongswan

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// A dialer makes one connection under keys that were negotiated for it.
type dialer struct {
	e      *Enforcer
	c      connection
	device string
	dialer *xfrm.Dialer // nil: not yet connected

	leave func() // frees the pair of the connection
	named bool   // there may be something in charon
	once  sync.Once
	left  error // of Close

	cleanup context.Context // see cleaning
	cleaned context.CancelFunc
}

// prepare has charon negotiate. Whatever it ends in, Close cleans up.
func (d *dialer) prepare(ctx context.Context, key auth.Secret) error {
	charon := d.e.charon()
	if err := charon.reach(ctx); err != nil {
		return lacking(err)
	}
	if err := d.e.sweep(ctx, charon); err != nil {
		return failed(err)
	}
	if err := d.c.conflict(ctx, charon, &d.e.names); err != nil {
		return failed(err)
	}
	for {
		if err := d.c.wait(ctx, charon); err != nil {
			return failed(err)
		}
		if err := d.establish(ctx, charon, key); !errors.Is(err, errYield) {
			return err
		}
		if err := d.forget(); err != nil {
			return failed(err) // and Close tries again
		}
		d.cleaned()
		d.named, d.cleanup = false, nil
	}
}

// establish has charon negotiate the connection once.
func (d *dialer) establish(ctx context.Context, charon *daemon, key auth.Secret) error {
	d.e.name(&d.c)
	d.named = true
	if err := d.load(ctx, charon, key); err != nil {
		return failed(err)
	}
	if err := d.c.yield(ctx, charon, false); err != nil {
		return failed(err)
	}
	if err := d.negotiate(ctx); err != nil {
		return err
	}
	if _, _, err := d.c.look(ctx, charon); err != nil {
		return failed(err)
	}
	if err := d.c.yield(ctx, charon, true); err != nil {
		return failed(err)
	}
	return nil
}

// load gives charon the key and the connection.
func (d *dialer) load(ctx context.Context, charon *daemon, key auth.Secret) error {
	secret := key.Reveal()
	defer clear(secret)
	if _, err := charon.call(ctx, "load-shared", d.c.key(secret)); err != nil {
		return err
	}
	_, err := charon.call(ctx, "load-conn", d.c.config())
	return err
}

// DialContext connects, held to the associations that were negotiated.
func (d *dialer) DialContext(ctx context.Context) (net.Conn, error) {
	if err := d.e.settle(ctx); err != nil {
		return nil, err
	}
	association := d.c.association()
	if err := association.Validate(); err != nil {
		return nil, failed(err)
	}
	d.dialer = &xfrm.Dialer{Hold: xfrm.Demand(association), Source: d.c.source, Device: d.device}
	dial := d.dialer.DialContext
	if d.e.dial != nil {
		dial = func(ctx context.Context, portal netip.AddrPort) (net.Conn, error) {
			return d.e.dial(ctx, d.dialer, portal)
		}
	}
	nc, err := dial(ctx, d.c.portal)
	return nc, xfrm.Refused(err)
}

// Proof asks charon again, which asks the kernel.
func (d *dialer) Proof(ctx context.Context) (enforce.Proof, error) {
	ike, children, err := d.c.look(ctx, d.e.charon())
	if err != nil {
		return enforce.Proof{}, failed(err)
	}
	p, err := d.c.proof(ike, children)
	if err != nil {
		return p, failed(err)
	}
	return p, nil
}

// Close takes all of the connection out of charon, and then the guard from what
// was its socket. It does so even where the context of the connection has ended.
func (d *dialer) Close() error {
	d.once.Do(func() {
		defer d.leave()
		if d.named {
			if d.left = d.forget(); d.left != nil {
				d.e.leave(d.c.name)
			}
			d.cleaned()
		}
		if d.dialer != nil && d.left == nil {
			d.left = d.dialer.Close() // else there may be associations still
		}
	})
	return d.left
}

func (d *dialer) forget() error { return d.e.charon().forget(d.cleaning(), d.c.name) }

// cleaning returns the context of all that it takes to clean up after the
// connection, from the first time that something is cleaned up.
func (d *dialer) cleaning() context.Context {
	if d.cleanup == nil {
		d.cleanup, d.cleaned = context.WithTimeoutCause(context.Background(), cleanupLimit, &NoAnswerError{Waited: cleanupLimit})
	}
	return d.cleanup
}
