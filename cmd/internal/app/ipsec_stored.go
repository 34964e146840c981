package app

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// StoredPSK returns what is stored for the identity and the ports of i; there is false
// where nothing is.
func StoredPSK(ctx context.Context, s *registry.Service, i *registry.IKEInfo) (old registry.IKEInfo, there bool, err error) {
	old, err = s.IKEInfo(ctx, i.ID, i.Instance, i.Port)
	var none *isdsc.Error
	if errors.As(err, &none) && none.Code == isdsc.NoAuthInfoAvailable {
		return old, false, nil
	}
	return old, err == nil, err
}

// StoredGateway returns the gateway that is stored for the destination and the ports of t;
// invalid: none is.
func StoredGateway(ctx context.Context, s *registry.Service, t *registry.TunnelAddress) (netip.Addr, error) {
	for old, err := range s.TunnelModeOuterAddresses(ctx) {
		if err != nil {
			return netip.Addr{}, err
		}
		if old.Destination == t.Destination && old.Port == t.Port && strings.EqualFold(old.Instance, t.Instance) {
			return old.Outer, nil
		}
	}
	return netip.Addr{}, nil
}
