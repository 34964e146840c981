package isns

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// A Subscription is what a Listener registers at a server, and what becomes of it.
type Subscription struct {
	Client  *Client // that registers, with our iSCSI name
	Request Request // the server; its Timeout is for each step

	// Notify is called when a notice came, and after each registration, since notices before
	// it are lost: the server is to be asked. Report is called with each change of how the
	// registration stands. Both may be called by several goroutines, and do not block.
	Notify func()
	Report func(SubscriptionState)
}

// A SubscriptionState is how a registration stands.
type SubscriptionState struct {
	Registered bool
	Notice     bool  // it is told since a notice came
	Err        error // why it is not registered, an *Error; nil: it is, or it has ended
}

// How often a registration is tried, and how long it lasts.
const (
	registrationPeriod = 5 * time.Minute // that the server is asked for: it forgets us when we are gone
	minRenewal         = 5 * time.Second // between two renewals
	minRetry           = time.Second
	maxRetry           = time.Minute
	farewell           = 1500 * time.Millisecond // for taking us out again
)

// A membership is a registration at a server.
type membership struct {
	*Subscription
	entity  string
	node    string
	servers []netip.Addr // that notices may come from
}

// isOf reports whether messages of a host are for the membership.
func (m *membership) isOf(server netip.Addr) bool { return slices.Contains(m.servers, server) }

// isNode reports the name under which we are registered.
func (m *membership) isNode(s string) bool { return name.Fold(s) == name.Fold(m.node) }

// noticed tells of a notice.
func (m *membership) noticed() {
	m.Report(SubscriptionState{Registered: true, Notice: true})
	m.Notify()
}

// EntityPrefix is how the names of the network entities begin that a Listener registers:
// our iSCSI name in lower case and the address of the Listener follow, or a digest of both
// where they are too long. So it knows its own ones again.
const EntityPrefix = "iscsi-discovery:"

// maxEntity is how long the name of a network entity may be, in bytes (RFC 4171, section
// 6.2.1).
const maxEntity = 255

// entityOf returns the name of the entity that is registered for a node with a portal, as a
// server stores it.
func entityOf(node string, at netip.Addr) string {
	s := EntityPrefix + name.Fold(node) + ":" + at.String()
	if len(s) > maxEntity {
		s = EntityPrefix + fmt.Sprintf("%x", sha256.Sum256([]byte(s)))
	}
	return s
}

// isEntity reports the entity under which we are registered.
func (m *membership) isEntity(s string) bool { return name.Fold(s) == m.entity }

// Subscribe registers us at a server and keeps the registration until ctx ends; then it
// deregisters what it has registered, within two seconds. A registration that is lost, as
// where the server starts anew, is made again. It writes to the server: an entity of its own
// with the Listener's address as a portal and our iSCSI name as an initiator, and which
// changes are to be told. A name that is registered there under another entity is left
// alone: that is an error.
func (l *Listener) Subscribe(ctx context.Context, s *Subscription) {
	wait := minRetry
	for ctx.Err() == nil {
		begun := time.Now()
		err := l.keep(ctx, s)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			s.Report(SubscriptionState{Err: err})
		}
		if time.Since(begun) >= maxRetry {
			wait = minRetry
		}
		pause(ctx, wait)
		wait = min(2*wait, maxRetry)
	}
	l.forget(s)
	s.Report(SubscriptionState{})
}

// keep registers us at the first address of a server that answers, and keeps that until the
// connection ends, which is no error, or ctx does.
func (l *Listener) keep(ctx context.Context, s *Subscription) error {
	looking, cancel := context.WithTimeoutCause(ctx, s.limit(), &initiator.TimeoutError{Limit: s.limit()})
	addrs, err := s.Request.addresses(looking)
	cancel()
	if err != nil {
		l.forget(s)
		return &Error{Stage: StageConnect, Server: s.Request.server(), Err: cause(looking, err)}
	}
	for _, addr := range addrs {
		if err = l.keepAt(ctx, s, addr, addrs); err == nil || ctx.Err() != nil {
			return err
		}
	}
	l.forget(s)
	return err
}

// limit is how long each step may take.
func (s *Subscription) limit() time.Duration {
	if s.Request.Timeout > 0 {
		return s.Request.Timeout
	}
	return DefaultTimeout
}

// forget takes no more notices for a subscription.
func (l *Listener) forget(s *Subscription) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for m := range l.members {
		if m.Subscription == s {
			delete(l.members, m)
		}
	}
}

// remember takes notices for a membership, in the place of an earlier one.
func (l *Listener) remember(m *membership) {
	l.forget(m.Subscription)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.members[m] = true
}

// keepAt is keep at one address.
func (l *Listener) keepAt(ctx context.Context, s *Subscription, server netip.AddrPort, all []netip.AddrPort) error {
	c, _, err := s.Client.from(ctx, &s.Request, server)
	if err != nil {
		return err
	}
	if !c.Source.IsValid() && server.Addr().Is4() == l.at.Addr().Is4() {
		c.Source = l.at.Addr()
	}
	m := &membership{Subscription: s, entity: entityOf(c.Name, l.at.Addr()), node: c.Name}
	for _, a := range all {
		m.servers = append(m.servers, a.Addr().WithZone(""))
	}
	v, err := l.call(ctx, &c, server, s.limit())
	if err != nil {
		return err
	}
	defer v.end()
	period, err := v.enter(l, m)
	if err != nil {
		return c.failed(server, v.source().Addr(), StageNotices, cause(v.ctx, err))
	}
	s.Report(SubscriptionState{Registered: true})
	s.Notify()
	return v.stay(ctx, m, period)
}
