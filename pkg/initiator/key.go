package initiator

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
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
