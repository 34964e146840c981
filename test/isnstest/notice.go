package isnstest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// Notify sends a notice that some nodes have changed to every client that asked for such
// notices and may see one of them. It returns to how many, and what went wrong with the
// first of them that did not answer.
func (s *Server) Notify(ctx context.Context, what isns.SCNBitmap, nodes ...string) (told int, err error) {
	type receiver struct {
		scn isns.SCN
		at  netip.AddrPort
	}
	var all []receiver
	s.mu.Lock()
	for client, bitmap := range s.notices {
		r := receiver{scn: isns.SCN{Destination: client, Time: time.Now()}}
		for _, n := range nodes {
			if bitmap&what != 0 && s.db.sees(client, n) {
				r.scn.Changes = append(r.scn.Changes, isns.NodeChange{Bitmap: what, Node: n})
			}
		}
		if r.at = s.noticesTo(client); r.at.IsValid() && len(r.scn.Changes) > 0 {
			all = append(all, r)
		}
	}
	s.mu.Unlock()
	for i := range all {
		if _, e := s.Tell(ctx, all[i].at, &all[i].scn); e != nil && err == nil {
			err = e
		}
	}
	return len(all), err
}

// noticesTo returns where notices for a node go; invalid: it registered no SCN port.
func (s *Server) noticesTo(client string) netip.AddrPort {
	n := s.db.node(client)
	if n == nil {
		return netip.AddrPort{}
	}
	for _, a := range n.Access {
		if p := s.db.portal(a.Portal); p.SCNPort != 0 {
			return netip.AddrPortFrom(p.Address.Addr(), p.SCNPort)
		}
	}
	return netip.AddrPort{}
}

// Inquire sends an ESI for each portal that was registered with an ESI port, and returns
// how many answered.
func (s *Server) Inquire(ctx context.Context) (answered int, err error) {
	type question struct {
		esi isns.ESI
		at  netip.AddrPort
	}
	var all []question
	s.mu.Lock()
	for i := range s.db.Nodes {
		for _, a := range s.db.Nodes[i].Access {
			if p := s.db.portal(a.Portal); p.ESIPort != 0 {
				all = append(all, question{isns.ESI{Time: time.Now(), EntityID: s.db.Nodes[i].entity(), Portal: p.Address}, netip.AddrPortFrom(p.Address.Addr(), p.ESIPort)})
			}
		}
	}
	s.mu.Unlock()
	for i := range all {
		if _, e := s.Tell(ctx, all[i].at, &all[i].esi); e == nil {
			answered++
		} else if err == nil {
			err = e
		}
	}
	return answered, err
}

// Tell sends any message to a client, whether it asked for it or not, and returns its
// response. A refusal is an error.
func (s *Server) Tell(ctx context.Context, to netip.AddrPort, body isns.Body) (*isns.Response, error) {
	dial := s.cfg.Dial
	if dial == nil {
		dial = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", to.String())
		}
	}
	nc, err := dial(ctx, to)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	defer context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })()
	const id = 4711
	b, err := isns.AppendMessage(nil, body, isns.FlagServer, id)
	if err != nil {
		return nil, err
	}
	if _, err = nc.Write(b); err != nil {
		return nil, err
	}
	m, err := isns.NewReader(nc).Next()
	if err != nil {
		return nil, err
	}
	r := new(isns.Response)
	switch err := r.Decode(m); {
	case err != nil:
		return nil, err
	case m.Header.TransactionID != id, r.To != body.Function():
		return r, fmt.Errorf("the response is to another message: %+v", m.Header)
	case r.Status != isns.StatusSuccess:
		return r, fmt.Errorf("the client refused the message: %s", r.Status)
	}
	return r, nil
}
