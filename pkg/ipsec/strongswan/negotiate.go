package strongswan

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/pkg/initiator"
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
		return failed(&NegotiationError{Peer: d.c.peer.String(), Reason: "others are being negotiated", Err: err})
	}
	defer end()
	charon, err := d.e.daemon(ctx)
	if err != nil {
		return failed(err)
	}
	defer charon.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	j := journal{hopeless: func() { cancel(errHopeless) }}
	err = d.initiate(ctx, charon, &j)
	if err == nil {
		return nil
	}
	code := initiator.CodeFailedToConfigureIPsec
	if j.aggressiveDisabled() {
		code = initiator.CodeRequestNotSupported
	}
	return coded(code, &NegotiationError{Peer: d.c.peer.String(), Reason: j.reason(d.c.plan.Exchange, err), Log: j.said(), Err: err})
}

// initiate runs the command. It is not abandoned: charon would go on with it
// after we unloaded the connection. When the context ends, the association that
// it works on is ended, and the command with it.
func (d *dialer) initiate(ctx context.Context, charon daemon, j *journal) error {
	request := vici.Section{
		vici.Text("ike", d.c.name),
		vici.Text("child", d.c.name),
		vici.Text("timeout", initiateLimit),
		vici.Text("loglevel", "1"),
	}
	done := make(chan error, 1)
	go func() {
		_, err := charon.Stream(context.WithoutCancel(ctx), "initiate", "control-log", request, j.note)
		done <- charon.explain(err)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	d.stop(ctx, done)
	return context.Cause(ctx)
}

// stop ends the association until the command is done, or for as long as
// cleaning up may take: then the connection with charon goes, and Close finds
// what there is.
func (d *dialer) stop(ctx context.Context, done <-chan error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
	defer cancel()
	other, err := d.e.daemon(ctx)
	if err != nil {
		return
	}
	defer other.Close()
	_ = other.terminate(ctx, d.c.name) // Close tells what is left
	select {
	case <-done:
	case <-ctx.Done():
	}
}
