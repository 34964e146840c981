package strongswan

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// initiateLimit is how long charon goes on if we should not be there to stop it,
// in milliseconds.
const initiateLimit = "120000"

// errHopeless ends a negotiation that cannot come to anything.
var errHopeless = errors.New("it was given up")

// negotiate has charon negotiate, until it is done or the context is, or there
// is no hope.
func (d *dialer) negotiate(ctx context.Context) error {
	end, err := d.e.turn(ctx)
	if err != nil {
		return failed(&enforce.NegotiationError{Peer: d.c.peer.String(), Reason: "others are being negotiated", Err: err})
	}
	defer end()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	j := journal{hopeless: func() { cancel(errHopeless) }}
	defer j.close()
	if err = d.phases(ctx, &j); err == nil {
		return nil
	}
	failure := j.failure(&d.c, err)
	if j.aggressiveDisabled() {
		return &ipsec.UnsupportedError{Enforcer: Name, Missing: ipsec.FlagAggressive, Reason: failure.Error(), Err: failure}
	}
	return failed(failure)
}

// phases has charon negotiate the association for IKE, and then the one for
// ESP. By one command for both charon would send the first message of the second
// phase right behind the last one of the first, which in aggressive mode has no
// answer. A peer that takes them in the other order drops the one that it cannot
// understand yet, and charon sends it again after four seconds.
//
// In version 2 the first association for ESP comes with the one for IKE, and both
// messages of each exchange are there when it is over. It has no perfect forward secrecy:
// where the plan has that, it is renewed before anything is sent under it.
func (d *dialer) phases(ctx context.Context, j *journal) error {
	if d.c.ikev2 {
		err := d.initiate(ctx, j, vici.Text("ike", d.c.name), vici.Text("child", d.c.name))
		if err == nil && d.c.plan.PFS {
			err = d.renew(ctx, j)
		}
		return err
	}
	if err := d.initiate(ctx, j, vici.Text("ike", d.c.name)); err != nil {
		return err
	}
	if d.c.aggressive() {
		if err := d.e.settle(ctx); err != nil {
			return err
		}
	}
	return d.initiate(ctx, j, vici.Text("ike", d.c.name), vici.Text("child", d.c.name))
}

// settle waits until the peer should have taken the last message of an exchange,
// which has no answer.
func (e *Enforcer) settle(ctx context.Context) error {
	settle := e.Settle
	if settle == 0 {
		settle = DefaultSettle
	}
	select {
	case <-time.After(settle):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// initiate runs the command. It is not abandoned: charon would go on with it
// after we unloaded the connection. When the context ends, the association that
// it works on is ended, and the command with it.
func (d *dialer) initiate(ctx context.Context, j *journal, what ...vici.Element) error {
	request := append(vici.Section(what), vici.Text("timeout", initiateLimit), vici.Text("loglevel", "1"))
	err := d.e.charon().use(ctx, 0, func(ctx context.Context, conn *vici.Conn) error {
		done := make(chan error, 1)
		go func() {
			_, err := conn.Stream(context.WithoutCancel(ctx), "initiate", "control-log", request, j.note)
			done <- err
		}()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
		}
		return cmp.Or(d.stop(conn, done), context.Cause(ctx))
	})
	var silent *NoAnswerError
	if err != nil && ctx.Err() != nil && !errors.As(err, &silent) {
		return context.Cause(ctx) // which is no trouble with charon
	}
	return err
}

// stop ends the association until the command is done, or for as long as
// cleaning up may take: then the connection with charon goes, and Close finds
// what there is. The error is that of a charon that gives no answer: so it may be
// charon, and not the peer, that kept the negotiation from coming to an end.
func (d *dialer) stop(conn *vici.Conn, done <-chan error) error {
	ctx := d.cleaning()
	err := d.e.charon().terminate(ctx, d.c.name)
	if err == nil { // else Close tells what is left
		select {
		case <-done:
			return nil
		case <-ctx.Done():
		}
	}
	conn.Close()
	<-done
	var silent *NoAnswerError
	if errors.As(err, &silent) {
		return err
	}
	return nil
}
