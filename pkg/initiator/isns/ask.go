package isns

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// DefaultTimeout is how long Ask takes at most, unless Request.Timeout says otherwise.
const DefaultTimeout = 15 * time.Second

// A Request says which server is asked, and from where.
type Request struct {
	Server initiator.Portal // of the server: a host name or an address, and a TCP port

	// Instance and Port choose the initiator port to ask from, as they do for a portal;
	// Selector knows the ports. Without them routing decides, or Client.Source.
	Instance string
	Port     ports.Number
	Selector *ports.Selector

	Timeout time.Duration // for all of it but deregistering (see Client.Query); 0: DefaultTimeout

	// Lookup finds the addresses of a host name; nil: net.DefaultResolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Ask is Query for a server that may be given by name: its addresses are tried in their
// order until one answers, each with a part of the time. The port is the initiator port that
// was used, where a Selector knows it. The error is an *Error: where no address answers, that
// of the last one to which there was a connection, or of the last one.
func (c *Client) Ask(ctx context.Context, r Request) (answer *Answer, port ports.Port, err error) {
	limit := r.Timeout
	if limit == 0 {
		limit = DefaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &initiator.TimeoutError{Limit: limit})
	defer cancel()
	addrs, err := r.addresses(ctx)
	if err != nil {
		return nil, port, &Error{Stage: StageConnect, Server: r.server(), Source: c.Source, Err: cause(ctx, err)}
	}
	for i, addr := range addrs {
		a, p, e := c.askAt(ctx, r, addr, len(addrs)-i)
		if e == nil || hasAnswered(e) || !hasAnswered(err) {
			answer, port, err = a, p, e
		}
		if e == nil || ctx.Err() != nil {
			break
		}
	}
	return answer, port, err
}

// hasAnswered reports the error of a server that there was a connection to.
func hasAnswered(err error) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && e.Stage != StageConnect
}

// server returns the server with its TCP port.
func (r *Request) server() initiator.Portal {
	s := r.Server
	if s.Port == 0 {
		s.Port = DefaultPort
	}
	return s
}

// addresses returns the addresses of the server.
func (r *Request) addresses(ctx context.Context) ([]netip.AddrPort, error) {
	p := r.server().Port
	if addr, err := netip.ParseAddr(r.Server.Host()); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr.Unmap(), p)}, nil
	}
	lookup := r.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	found, err := lookup(ctx, r.Server.Host())
	if err != nil {
		return nil, err
	}
	var all []netip.AddrPort
	for _, addr := range found {
		all = append(all, netip.AddrPortFrom(addr.Unmap(), p))
	}
	if len(all) == 0 {
		return nil, &isdsc.Error{Code: isdsc.InvalidHost, What: r.Server.Host(), Reason: "it has no usable address"}
	}
	return all, nil
}

// askAt asks at one address of the server, which is the first of so many that are left.
func (c *Client) askAt(ctx context.Context, r Request, server netip.AddrPort, left int) (*Answer, ports.Port, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		share := time.Until(deadline) / time.Duration(left)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, share, &initiator.TimeoutError{Limit: share})
		defer cancel()
	}
	one, port, err := c.from(ctx, &r, server)
	if err != nil {
		return nil, port, err
	}
	answer, err := one.Query(ctx, server)
	if answer != nil && r.Selector != nil && port.Instance == "" {
		port, _ = r.Selector.Find(r.Instance, answer.Source.Addr())
	}
	return answer, port, err
}

// from returns the client that asks a server from the initiator port of a request, and that
// port; without an instance: routing decides.
func (c *Client) from(ctx context.Context, r *Request, server netip.AddrPort) (Client, ports.Port, error) {
	one := *c
	if r.Selector == nil || c.Source.IsValid() || r.Instance == "" && r.Port == ports.All {
		return one, ports.Port{}, nil
	}
	from, err := r.Selector.Choose(ctx, r.Instance, r.Port, server)
	if err != nil {
		return one, ports.Port{}, &Error{Stage: StageConnect, Server: r.server(), Err: cause(ctx, err)}
	}
	if one.Source = from[0].Address; from[0].NodeName != "" {
		one.Name = from[0].NodeName
	}
	return one, from[0], nil
}
