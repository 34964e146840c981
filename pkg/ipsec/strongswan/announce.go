package strongswan

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// Announce returns what would protect a connection: charon, or the kernel alone where
// the protection is in place. It asks charon whether it runs and loads nothing into it.
// Whether the peer accepts the key, and charon the mode, shows only in a negotiation.
func (e *Enforcer) Announce(ctx context.Context, s enforce.Request) (string, error) {
	if s.Plan.InPlace() {
		return (&xfrm.Enforcer{}).Announce(ctx, s)
	}
	if err := e.able(s); err != nil {
		return "", err
	}
	c, err := newConnection(s, e.Legacy)
	if err != nil {
		return "", err
	}
	charon := e.charon()
	if err := charon.reach(ctx); err != nil {
		return "", lacking(err)
	}
	if err := c.conflict(ctx, charon, &e.names); err != nil {
		return "", failed(err)
	}
	return Name, nil
}

// able refuses what charon need not be asked for.
func (e *Enforcer) able(s enforce.Request) error {
	if err := s.Check(e.Means()); err != nil {
		return err
	}
	if e.dial == nil {
		if err := xfrm.Probe(); err != nil {
			return lacking(err)
		}
	}
	return nil
}
