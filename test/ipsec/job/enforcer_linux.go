package job

import (
	"context"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/auto"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// Userspace is the name of the enforcer that needs nothing of the system.
const Userspace = "userspace"

// Auto is the name of the enforcer that chooses among the others.
const Auto = "auto"

// enforcer returns the one of the Job.
func (j *Job) enforcer() enforce.Enforcer {
	switch {
	case j.Enforcer == Userspace:
		return &userspace.Enforcer{}
	case j.Enforcer == Auto:
		return &auto.Enforcer{Kernel: &xfrm.Enforcer{}, Daemon: &strongswan.Enforcer{Socket: j.Charon}, Own: &userspace.Enforcer{}}
	case j.Charon == "":
		return &xfrm.Enforcer{}
	}
	if j.told == nil {
		j.told = new(notices)
	}
	return &strongswan.Enforcer{Socket: j.Charon, Warn: j.told.add}
}

// Told returns what the enforcer has told of no portal since the last time.
func (j *Job) Told() []ipsec.Warning { return j.told.all() }

func (j *Job) psk() enforce.PSK {
	return enforce.PSK{Secret: auth.NewSecret([]byte(j.Key)), Local: j.Local, Remote: j.Remote}
}

// Discoverer returns what asks portals for the Job.
func (j *Job) Discoverer() *initiator.Discoverer {
	return &initiator.Discoverer{
		InitiatorName: "iqn.2026-11.com.example:host1",
		Timeout:       j.Timeout,
		Enforcer:      j.enforcer(),
		PSK: func(context.Context, ports.Port, enforce.Peer) (enforce.PSK, bool, error) {
			return j.psk(), j.Key != "", nil
		},
		Gateway: func(context.Context, ports.Port, netip.Addr) (netip.Addr, bool, error) {
			return j.Outer, j.Outer.IsValid(), nil
		},
	}
}
