package enforcetest

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// wrongKey is a preshared key that no peer has.
const wrongKey = "a preshared key that no peer has"

// errStopped is why the context of a test ends.
var errStopped = errors.New("the test stopped it")

// prepare has a connection prepared. Where the system cannot, the test ends there.
func (w *world) prepare(p ipsec.Plan) enforce.Dialer {
	w.t.Helper()
	if w.NoESP && !p.InPlace() {
		w.t.Skip("without ESP nothing can be prepared")
	}
	d, err := w.Enforcer.Dialer(w.t.Context(), w.request(p))
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// testUnused: what was prepared and not used proves nothing, and is taken away.
func testUnused(w *world) {
	w.each(func(w *world, p ipsec.Plan) {
		d := w.prepare(p)
		if _, err := d.Proof(w.t.Context()); err == nil {
			w.t.Error("there is a proof of a connection that was not made")
		} else {
			w.wantType(err, failed)
		}
		if err := d.Close(); err != nil {
			w.t.Error(err)
		}
	})
}

// testWrongKey: a negotiation that fails ends in an error, and in nothing else.
func testWrongKey(w *world) {
	if len(w.Flags) == 0 {
		w.t.Skip("nothing is negotiated")
	}
	w.each(func(w *world, p ipsec.Plan) {
		if p.InPlace() {
			return
		}
		s := w.request(p)
		s.PSK.Secret = auth.NewSecret([]byte(wrongKey))
		ctx, cancel := context.WithTimeout(w.t.Context(), limit/2)
		defer cancel()
		w.wantType(w.refused(ctx, s), failed)
	})
}

// testEndedBefore: under a context that has ended nothing is sent.
func testEndedBefore(w *world) {
	w.each(func(w *world, p ipsec.Plan) {
		since := w.Left()
		ctx, cancel := context.WithCancelCause(w.t.Context())
		cancel(errStopped)
		if err := w.refused(ctx, w.request(p)); err == nil {
			w.t.Error("no error")
		}
		w.wantSilence(since)
	})
}

// testEndedWithin: when the context ends in the middle, the work ends, and nothing
// stays.
func testEndedWithin(w *world) {
	w.each(func(w *world, p ipsec.Plan) {
		s := w.request(p)
		if s.Portal = w.Silent; p.InPlace() {
			s.Plan = w.planInPlace(w.Silent)
		} else {
			s.Gateway = w.Silent.Addr()
		}
		ctx, cancel := context.WithTimeoutCause(w.t.Context(), limit/16, errStopped)
		defer cancel()
		if err := w.refused(ctx, s); err == nil {
			w.t.Error("no error")
		}
	})
}

// testEndedBetween: when the context ends after a connection was prepared, it is not
// made.
func testEndedBetween(w *world) {
	w.each(func(w *world, p ipsec.Plan) {
		d := w.prepare(p)
		ctx, cancel := context.WithCancelCause(w.t.Context())
		cancel(errStopped)
		nc, err := d.DialContext(ctx)
		if err == nil {
			w.t.Error("connected")
			nc.Close()
		}
		w.discreet(err)
		if err := d.Close(); err != nil {
			w.t.Error(err)
		}
	})
}

// testLost: when the security associations go, the connection ends, and nothing more
// leaves.
func testLost(w *world) {
	if w.NoESP {
		w.t.Skip("without ESP there is nothing to lose")
	}
	w.each(func(w *world, p ipsec.Plan) {
		d, nc, err := w.dial(w.t.Context(), w.request(p))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := echo(nc, "before"); err != nil {
			w.t.Error(err)
		}
		w.Lose(w.t)
		begun := time.Now()
		if err := echo(nc, "not one byte of this may leave"); err == nil {
			w.t.Error("the connection goes on")
		}
		// It is over, and not merely slow.
		if _, err := io.ReadAll(nc); errors.Is(err, os.ErrDeadlineExceeded) {
			w.t.Errorf("the connection has not ended after %s", time.Since(begun).Round(time.Second))
		}
		nc.Close()
		if err := d.Close(); err != nil {
			w.t.Error(err)
		}
	})
}
