package dial

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
)

// TCP connects from source, where that is valid, through the network interface device,
// where that is named, to dst. While it waits for the handshake, watch has what it waits
// on. Where patience is not 0 and the handshake takes longer, TCP returns it instead of a
// connection; a patience below 0 is none at all.
func TCP(ctx context.Context, watch watchFunc, source netip.Addr, device string, dst netip.AddrPort, patience time.Duration) (net.Conn, *Handshake, error) {
	source, dst, err := zone.Indexed(source, dst)
	if err != nil {
		return nil, nil, err
	}
	h, err := begin(ctx, source, device, dst)
	if err != nil {
		return nil, nil, err
	}
	done, err := h.wait(watch, patience)
	switch {
	case err != nil:
		h.Close()
		return nil, nil, err
	case !done:
		return nil, h, nil
	}
	c, err := h.Conn()
	return c, nil, err
}

// A watchFunc makes what is waited for on d fail once the time is over; nil ends that.
type watchFunc func(d Deadliner)

// A Deadliner is a connection, or what becomes one.
type Deadliner interface{ SetDeadline(time.Time) error }

// LocalAddr returns our address of a connection; invalid where it has none that
// is an IP address (a pipe).
func LocalAddr(c net.Conn) netip.Addr {
	if c, ok := c.(interface{ localAddr() netip.Addr }); ok {
		return c.localAddr().Unmap()
	}
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
