package auto

import (
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// New returns one for this system: with all three enforcers on Linux, with the one of this
// process elsewhere.
func New() *Enforcer {
	return &Enforcer{Kernel: &xfrm.Enforcer{}, Daemon: &strongswan.Enforcer{}, Own: own()}
}
