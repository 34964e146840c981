package userspace

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// join returns the IKE security association of a request: that of other connections, or
// a new one. part is due for each.
func (e *Enforcer) join(ctx context.Context, s *enforce.Request) (*ikeSA, error) {
	k := keyOf(s)
	e.mu.Lock()
	defer e.mu.Unlock()
	if sa := e.sas[k]; sa != nil {
		sa.refs++
		return sa, nil
	}
	m, err := newMachine(s)
	if err != nil {
		return nil, err
	}
	listen := e.listen
	if listen == nil {
		listen = listenUDP
	}
	socket, err := listen(ctx, s.Source, s.Device)
	if err != nil {
		return nil, err
	}
	sa := newIKESA(e, k, m, socket)
	sa.refs = 1
	if e.sas == nil {
		e.sas = map[saKey]*ikeSA{}
	}
	e.sas[k] = sa
	return sa, nil
}

// part ends the use of an IKE security association by a child; nil: none was opened. With
// the last use it goes, and the child with it: there is no Delete for the child before that
// of the IKE security association, since a peer that gets two requests of version 2 at once
// may take the second one first, and drop it.
func (e *Enforcer) part(sa *ikeSA, c *child) {
	e.mu.Lock()
	sa.refs--
	last := sa.refs == 0
	if last && e.sas[sa.key] == sa {
		delete(e.sas, sa.key)
	}
	e.mu.Unlock()
	switch {
	case last:
		sa.close()
	case c != nil:
		sa.drop(c)
	}
}

// forget keeps an IKE security association from being joined. sa.mu is held.
func (e *Enforcer) forget(sa *ikeSA) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sas[sa.key] == sa {
		delete(e.sas, sa.key)
	}
}
