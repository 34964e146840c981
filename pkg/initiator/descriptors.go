package initiator

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// connectPatiently is dial where there may be too few descriptors. The time that it
// waits for one is not the portal's. hangUp closes a connection that it returns.
func (a *attempt) connectPatiently(ctx context.Context, from ports.Port, dst netip.AddrPort) (net.Conn, error) {
	d := a.pool.descriptors
	given := d.Take()
	for {
		nc, err := a.dial(ctx, from, dst)
		switch {
		case err == nil:
			return nc, nil
		case !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE):
			d.Leave()
			return nil, err
		}
		a.watch.Pause()
		again := d.WaitForClose(a.pool.ctx, &given)
		a.watch.Resume()
		if !again {
			return nil, err
		}
	}
}

// hangUp closes a connection; plain is one of connectPatiently.
func (a *attempt) hangUp(nc net.Conn, plain bool) {
	_ = nc.Close()
	if plain {
		a.pool.descriptors.Leave()
	}
}
