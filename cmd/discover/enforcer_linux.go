package main

import (
	"os"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// systemEnforcer returns an enforcer by its word. That of strongSwan is also the
// one for auto: where charon does not answer, it still tells what the kernel has,
// and uses that.
func systemEnforcer(name string) initiator.Enforcer {
	if name == enforcerXFRM {
		return &xfrm.Enforcer{}
	}
	return &strongswan.Enforcer{}
}

// systemHasIPsec reports whether the kernel has policies, or charon may have
// connections, so that it is worth a look at each portal. Whoever may not look
// gets no further later.
func systemHasIPsec() bool {
	policies, err := xfrm.Any()
	if err != nil || policies {
		return err == nil
	}
	_, err = os.Stat(strongswan.DefaultSocket)
	return err == nil
}
