package scene

import (
	"net/netip"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

const InitiatorName = "iqn.2026-11.com.example:host1"

func NewDiscoverer() *initiator.Discoverer {
	return &initiator.Discoverer{InitiatorName: InitiatorName, Timeout: 10 * time.Second}
}

// At returns a portal at an address.
func At(addr netip.AddrPort) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{Portal: initiator.Portal{Address: addr.Addr().String(), Port: addr.Port()}}
}

func WithCHAP(p initiator.SendTargetPortal, user, secret string) initiator.SendTargetPortal {
	p.Login.Specified |= login.SpecifiedAuthType | login.SpecifiedUsername | login.SpecifiedPassword
	p.Login.AuthType = login.CHAP
	p.Login.Username, p.Login.Password = user, auth.NewSecret([]byte(secret))
	return p
}

func WithMutualCHAP(p initiator.SendTargetPortal, user, secret string) initiator.SendTargetPortal {
	p.Login.AuthType = login.MutualCHAP
	p.Login.TargetUsername, p.Login.TargetPassword = user, auth.NewSecret([]byte(secret))
	return p
}

func Records(names ...string) []iscsitest.Record {
	var r []iscsitest.Record
	for _, n := range names {
		r = append(r, iscsitest.Record{Name: n, Addresses: []string{"192.0.2.10:3260,1"}})
	}
	return r
}

const (
	Disk1 = "iqn.2026-11.com.example:disk1"
	Disk2 = "iqn.2026-11.com.example:disk2"
)

// WantCode fails the test unless err has a code of the reference API.
func WantCode(t *testing.T, err error, code uint32) {
	t.Helper()
	if got := initiator.Code(err); got != code || (err == nil) != (code == isdsc.Success) {
		t.Errorf("code %s, want %s: %v", isdsc.Name(got), isdsc.Name(code), err)
	}
}
