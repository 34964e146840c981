package initiator

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// probed is the outcome of a probe.
type probed struct {
	done chan struct{} // closed when the rest is there

	reach target.Reach
	why   string    // why it was not tried, or why the login failed; empty: the word says all
	left  []Warning // what could not be taken away of its protection
}

// claim returns the outcome of a probe: a known one, or that of a probe which it
// starts; nil: there were too many.
func (p *Prober) claim(ctx context.Context, t *probeTask) *probed {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.key.method = p.method(t.method)
	if o := p.known[t.key]; o != nil {
		return o
	}
	if !p.tried[t.dst] && len(p.tried) >= MaxProbes {
		return nil
	}
	p.tried[t.dst] = true
	o := &probed{done: make(chan struct{})}
	p.known[t.key] = o
	go func() {
		defer close(o.done)
		p.run(ctx, t, o)
	}()
	return o
}

// run makes a probe when there is room for it.
func (p *Prober) run(ctx context.Context, t *probeTask, o *probed) {
	o.reach, o.why = target.NotTried, whyCancelled
	select {
	case p.free <- struct{}{}:
		defer func() { <-p.free }()
	case <-ctx.Done():
		return
	}
	a := newAttempt(p.pool)
	defer a.close()
	defer a.forget()
	err := p.enter(ctx, a, t)
	if ctx.Err() == nil {
		o.reach, o.why = a.reached(err)
	}
	for _, w := range a.warnings.kept {
		if w.Code == WarnLeftover {
			o.left = append(o.left, w)
		}
	}
}

// enter readies an attempt, and makes the connection.
func (p *Prober) enter(ctx context.Context, a *attempt, t *probeTask) (err error) {
	if a.request = t.request; p.RequestThere != nil {
		if a.request, err = p.RequestThere(ctx, t.request, t.dst); err != nil {
			return at(StageSecure, err)
		}
	}
	if t.otherHost {
		// A key that is known by the portal's name is not for another host.
		a.request.Portal.Portal = Portal{Address: t.dst.Addr().String(), Port: t.dst.Port()}
	}
	a.result.Asked, a.result.InitiatorName = a.request.Portal, a.request.Name
	a.result.IPsec = t.before.IPsec
	a.otherHost, a.probing = t.otherHost, true
	return a.timed(ctx, p.timeout(), func(ctx context.Context) error {
		a.ctxShared = a.sharesCtx()
		from := t.from
		if t.anew {
			ports, err := a.ports(ctx, t.dst)
			if err != nil {
				return err
			}
			from = ports[0]
		}
		return a.probe(ctx, from, t, p.Kind)
	})
}

// probe makes one connection under the plan for its address, and, where that is
// asked for, logs in and out.
func (a *attempt) probe(ctx context.Context, from ports.Port, t *probeTask, kind ProbeKind) error {
	method := t.method
	if method != nil {
		own := *method // agreed notes in it what the plan allows
		method = &own
	}
	a.result.Address, a.result.Source, a.result.InitiatorPort = t.dst, from.Address, from
	nc, secure, err := a.connect(ctx, from, t.dst, method)
	if err != nil {
		return at(stageOf(err), cause(ctx, unstaged(err)))
	}
	if secure != nil {
		defer a.release(secure)
	}
	if a.d.Wrap != nil {
		nc = a.d.Wrap(nc)
	}
	defer a.hangUp(nc, secure == nil)
	if kind == ProbeTCP {
		return at(StageSecure, a.prove(ctx, secure))
	}
	a.watch.Guard(nc)
	defer a.watch.Guard(nil)
	c := a.conn
	c.reset(nc)
	c.index, c.address, c.source = -1, t.dst, dial.LocalAddr(nc)
	numbers := &c.numbers
	numbers.Reset()
	if err := a.login(ctx, numbers, method); err != nil {
		return at(StageLogin, err)
	}
	if err := a.prove(ctx, secure); err != nil {
		return at(StageSecure, err)
	}
	a.logout(ctx, numbers)
	return nil
}

// reached says what the outcome of a probe means, and why where that is not plain.
func (a *attempt) reached(err error) (target.Reach, string) {
	var (
		config *isdsc.Error
		login  *pdu.LoginError
	)
	switch {
	case err == nil:
		return target.Reachable, ""
	case errors.As(err, &login) && login.Status.Class() == pdu.ClassRedirection:
		return target.Reachable, "" // a target answered, and we do not go on
	case stageOf(err) == StageLogin:
		return target.Unreachable, probeText(err)
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return target.Unreachable, ""
	case stageOf(err) != StageConnect, errors.As(err, &config), exhausted(err):
		return target.NotTried, probeText(err)
	case refusedByHost(err):
		return target.Refused, ""
	}
	return target.Unreachable, ""
}

// exhausted reports that this host could not make the connection.
func exhausted(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// refusedByHost reports a connection that the other host refused.
func refusedByHost(err error) bool {
	const windows = syscall.Errno(10061) // WSAECONNREFUSED
	return errors.Is(err, syscall.ECONNREFUSED) || runtime.GOOS == "windows" && errors.Is(err, windows)
}

// probeText returns what went wrong in a few words.
func probeText(err error) string {
	const most = 300
	var e *Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return text.Cut(message(err), most)
}

// addressText returns host:port, for messages.
func addressText(a target.Address) string {
	if addr, ok := a.Addr(); ok {
		return netip.AddrPortFrom(addr, a.Port).String()
	}
	return Portal{Address: a.Host, Port: a.Port}.String()
}
