package initiator

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// addresses returns the portal's addresses.
func (a *attempt) addresses(ctx context.Context) (addrs []netip.AddrPort, err error) {
	p := a.result.Portal.Portal
	if addr, err := netip.ParseAddr(p.Host()); err == nil {
		a.oneAddress[0] = netip.AddrPortFrom(zone.Named(addr.Unmap()), p.Port)
		return a.oneAddress[:], nil
	}
	err = a.timed(ctx, a.d.timeout()-a.spent, func(ctx context.Context) (err error) {
		a.lent = true
		addrs, err = a.resolve(ctx)
		return err
	})
	return addrs, err
}

// resolve looks the portal's host name up.
func (a *attempt) resolve(ctx context.Context) ([]netip.AddrPort, error) {
	p := &a.result.Portal
	found, err := a.d.lookup(ctx, p.Portal.Host())
	if err != nil {
		return nil, cause(ctx, err)
	}
	addrs := make([]netip.AddrPort, 0, len(found))
	source, others := a.fixedSource(), 0
	for _, addr := range found {
		addr = addr.Unmap()
		switch {
		case !zone.IsHost(addr):
		case source.IsValid() && source.Is4() != addr.Is4():
			others++
		default:
			addrs = append(addrs, netip.AddrPortFrom(addr, p.Portal.Port))
		}
	}
	switch {
	case len(addrs) > 0:
		return addrs, nil
	case others > 0:
		return nil, &isdsc.Error{Code: isdsc.AddressTypeNotSupported, What: p.Portal.Host(), Reason: fmt.Sprintf("no address of the family of %s", source)}
	}
	return nil, &isdsc.Error{Code: isdsc.InvalidHost, What: p.Portal.Host(), Reason: "no address that could be asked"}
}
