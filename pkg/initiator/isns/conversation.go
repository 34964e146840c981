package isns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// A conversation is a connection to a server on which both sides ask: we register and renew,
// and the server sends notices.
type conversation struct {
	*session
	cancel  context.CancelCauseFunc
	limit   time.Duration
	ending  func() bool   // stops what waits for the end of the caller's context
	answers chan answered // of the goroutine that reads; its last has an error
}

// An answered is a response, or why there are no more.
type answered struct {
	header Header
	r      *Response
	err    error
}

// call connects to a server. Each step of the conversation may take as long as limit says.
// The end of ctx ends the connecting; later it leaves a farewell's time, for deregistering.
func (l *Listener) call(ctx context.Context, c *Client, server netip.AddrPort, limit time.Duration) (*conversation, error) {
	living, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	v := &conversation{cancel: cancel, limit: limit, answers: make(chan answered)}
	given := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer v.within(limit)()
	var err error
	v.session, err = c.open(living, server)
	given()
	if err != nil {
		cancel(nil)
		return nil, err
	}
	v.ending = context.AfterFunc(ctx, func() { v.within(farewell) })
	v.reader.MaxMessage = maxNotice
	go v.read(l, server.Addr().WithZone(""))
	return v, nil
}

// within ends the conversation after a time, unless what it returns is called before.
func (v *conversation) within(limit time.Duration) (done func()) {
	t := time.AfterFunc(limit, func() { v.cancel(&initiator.TimeoutError{Limit: limit}) })
	return func() { t.Stop() }
}

// end ends the conversation, and waits until nothing reads any more.
func (v *conversation) end() {
	v.ending()
	v.cancel(nil)
	v.close()
	for range v.answers { // until it is closed
	}
}

// read reads messages until one of them is bad: what the server asks is answered.
func (v *conversation) read(l *Listener, server netip.Addr) {
	defer close(v.answers)
	for {
		m, err := v.reader.Next()
		if err == nil && m.Header.Function.IsResponse() {
			a := answered{header: m.Header, r: new(Response)}
			if err = a.r.Decode(m); err == nil {
				v.answers <- a
				continue
			}
		} else if err == nil {
			err = l.take(m, server, v.conn)
			pause(v.ctx, noticePace)
		}
		if err != nil {
			v.answers <- answered{err: unexpected(err)}
			return
		}
	}
}

// ask sends a request and returns its response. The error is a *StatusError where the server
// refused it.
func (v *conversation) ask(b Body) (*Response, error) {
	defer v.within(v.limit)()
	if err := v.send(b); err != nil {
		return nil, err
	}
	a := <-v.answers
	switch f := b.Function(); {
	case a.err != nil:
		return nil, a.err
	case a.r == nil: // the channel is closed
		return nil, context.Canceled
	case a.header.Function != f.Response() || a.header.TransactionID != v.id:
		return nil, &FormatError{Function: a.header.Function, Reason: fmt.Sprintf("the response to %s, transaction %d, was expected", f, v.id)}
	case a.r.Status != StatusSuccess:
		return nil, &StatusError{Function: f, Status: a.r.Status}
	}
	return a.r, nil
}

// An EntityError is our iSCSI name, registered at a server by another program.
type EntityError struct {
	Node, Entity string // Entity as the server sent it; empty: it does not say
}

func (e *EntityError) Error() string {
	return fmt.Sprintf("%s is registered there by another program, in the network entity %s, which is left as it is; use an initiator name of its own for notices (--initiator-name)",
		e.Node, text.Quote([]byte(e.Entity)))
}

// look asks whether we are registered. A registration by another program is an *EntityError.
func (v *conversation) look(m *membership) (registered bool, err error) {
	r, err := v.ask(&DevAttrQry{
		Source: m.node, Key: []Attribute{TextAttribute(TagISCSIName, m.node)}, Want: []Tag{TagEntityID, TagISCSIName},
	})
	if refused(err, StatusSourceUnknown, StatusSourceAbsent, StatusNoSuchEntry) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	operating := r.Operating
	if len(operating) == 0 && len(r.Key) > 1 { // a server that sends no delimiter
		operating = r.Key[1:]
	}
	named := false
	for i := range operating {
		switch a := &operating[i]; {
		case a.IsEmpty():
		case a.Tag == TagISCSIName:
			named = true
		case a.Tag == TagEntityID:
			entity, err := a.Text()
			if err != nil {
				return false, err
			}
			if !m.isEntity(entity) {
				return false, &EntityError{Node: m.node, Entity: entity}
			}
			registered = true
		}
	}
	if named && !registered {
		return false, &EntityError{Node: m.node}
	}
	return registered, nil
}

// enter registers us, and returns how long that lasts. Only an entity of our own, of an
// earlier run, is replaced.
func (v *conversation) enter(l *Listener, m *membership) (time.Duration, error) {
	ours, err := v.look(m)
	if err != nil {
		return 0, err
	}
	request := registration(m.entity, m.node, l.at, uint32(registrationPeriod/time.Second))
	request.Replace = ours
	r, err := v.ask(request)
	if err != nil {
		return 0, err
	}
	l.remember(m)
	_, err = v.ask(&SCNReg{Source: m.node, Node: m.node, Bitmap: SCNTargetsOnly | SCNAdded | SCNRemoved | SCNUpdated})
	if err != nil {
		l.forget(m.Subscription)
		v.leave(m)
		return 0, err
	}
	period := registrationPeriod
	for _, list := range [][]Attribute{r.Key, r.Operating} {
		for i := range list {
			if s, err := list[i].Number(); list[i].Tag == TagRegPeriod && err == nil && s > 0 {
				period = min(time.Duration(s)*time.Second, registrationPeriod)
			}
		}
	}
	return period, nil
}

// stay renews the registration until the connection ends or we are not registered any more,
// which is no error: it is made again. Where ctx ends, we are taken out.
func (v *conversation) stay(ctx context.Context, m *membership, period time.Duration) error {
	renewal := time.NewTicker(max(period/3, minRenewal))
	defer renewal.Stop()
	for {
		select {
		case <-ctx.Done():
			v.leave(m)
			return nil
		case <-v.answers: // it has ended, or the server answers what was not asked
			return nil
		case <-renewal.C:
		}
		// A query renews (RFC 4171, section 6.2.6).
		registered, err := v.look(m)
		if other := (*EntityError)(nil); errors.As(err, &other) {
			return v.client.failed(v.server, v.source().Addr(), StageNotices, err)
		}
		if err != nil || !registered {
			return nil
		}
	}
}

// leave takes out what we have registered.
func (v *conversation) leave(m *membership) {
	defer v.within(farewell)()
	_, _ = v.ask(&SCNDereg{Source: m.node, Node: m.node})
	_, _ = v.ask(deregistration(m.entity, m.node))
}
