package initiator

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A Key says which entry of the registry is meant: instance, initiator port
// number, portal. The portal's symbolic name does not count. Instances are
// compared without case, IP literals in their canonical form with the zone, DNS
// names without case and without a final dot.
type Key struct {
	Instance string
	Port     ports.Number
	Portal   Portal
}

// Key returns the key of p.
func (p *SendTargetPortal) Key() Key {
	return Key{Instance: p.Instance, Port: p.Port, Portal: p.Portal}
}

// Same reports whether both keys mean one entry.
func (k Key) Same(other Key) bool {
	return k.Port == other.Port && k.Portal.Port == other.Portal.Port && ports.SameInstance(k.Instance, other.Instance) &&
		k.Portal.Canonical() == other.Portal.Canonical()
}

// String returns the key as a person would write it.
func (k Key) String() string { return fmt.Sprintf("%s (%s)", k.Portal, k.From()) }

// From says where the portal is asked from, in words.
func (k Key) From() string {
	instance := k.Instance
	if instance == "" {
		instance = "any"
	}
	return fmt.Sprintf("instance %s, port %s", instance, k.Port)
}

// A SendTargetPortal is a portal and how to ask it: the parameters of
// AddIScsiSendTargetPortal. The first three fields are its key in the registry.
type SendTargetPortal struct {
	Instance string       // initiator instance; empty: any that can reach the portal
	Port     ports.Number // initiator port of the instance
	Portal   Portal

	Login    login.Options
	Security ipsec.Flags // stored as they are given, and subject to precedence
	IPsec    IPsecOptions

	// Source is ours: the source address to ask from, in the place of instance
	// and port number. The registry takes the number of the port that has it.
	Source netip.Addr
}

// Validate holds p against the rules of the reference API.
func (p *SendTargetPortal) Validate() error {
	if err := p.Portal.validate(); err != nil {
		return err
	}
	if err := ports.ValidPlace(p.Instance, p.Port); err != nil {
		return err
	}
	if p.Source.IsValid() && p.Port != ports.All {
		return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: fmt.Sprintf("source %s", p.Source), Reason: "it selects a port by its address, but port " + p.Port.String() + " selects one by its number: give only one"}
	}
	if dst, err := netip.ParseAddr(p.Portal.Host()); err == nil && p.Source.IsValid() {
		if dst.Unmap().Is4() != p.Source.Unmap().Is4() {
			return &isdsc.Error{
				Code:   isdsc.AddressTypeNotSupported,
				What:   fmt.Sprintf("source %s", p.Source),
				Reason: fmt.Sprintf("not in the address family of portal %s", p.Portal),
			}
		}
	}
	if err := p.Login.Validate(); err != nil {
		return err
	}
	if err := p.IPsec.validate(p.Portal.Literal()); err != nil {
		return err
	}
	if err := p.IPsec.IKE.Validate(0, ipsec.OriginFlags); err != nil {
		return coded(err)
	}
	s := ipsec.Settings{Flags: p.Security, RequireIPsec: p.Login.Flags&login.RequireIPsec != 0}
	err := s.Validate()
	if err == nil {
		err = p.IPsec.IKE.Validate(p.Security, ipsec.OriginFlags)
	}
	if err != nil {
		reason := Reason(err)
		if bad := (*ipsec.FlagsError)(nil); errors.As(err, &bad) {
			reason = bad.Reason
		}
		return &isdsc.Error{Code: isdsc.InvalidParameter, What: "security flags " + p.Security.Hex(), Reason: reason, Err: err}
	}
	return nil
}

// WithoutSecrets returns p as it may be shown: without CHAP secrets and preshared key.
func WithoutSecrets(p SendTargetPortal) SendTargetPortal {
	p.Login.Password, p.Login.TargetPassword, p.IPsec.PSK = auth.Secret{}, auth.Secret{}, auth.Secret{}
	return p
}
