package ports

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// Host is the name of the built-in initiator instance: all addresses of
// this host.
const Host = "host"

// MaxInstanceLen is the longest name of an initiator instance in bytes
// (MAX_ISCSI_HBANAME_LEN of the reference API, without the NUL).
const MaxInstanceLen = 255

// An Instance is an initiator instance: what the reference API calls a driver's
// instance of an HBA, and here is a set of addresses of this host. Names are
// compared without case.
type Instance struct {
	Name     string
	NodeName string // iSCSI name that it logs in with, sent as it stands here; empty: the one of the Discoverer

	// An address belongs to the instance if it is among Addresses, or its
	// interface is among Interfaces. Where both are empty, all do.
	Interfaces []string
	Addresses  []netip.Addr
}

// Validate holds i against the rules, but for those of its node name.
func (i *Instance) Validate() error {
	if err := ValidInstanceName(i.Name); err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		return &isdsc.Error{Code: isdsc.InvalidParameter, What: "instance " + text.Quote([]byte(i.Name)), Reason: fmt.Sprintf(format, args...)}
	}
	for _, a := range i.Addresses {
		if !a.IsValid() || !zone.IsHost(a) {
			return refuse("%s is not the address of a host", a)
		}
	}
	if slices.Contains(i.Interfaces, "") {
		return refuse("an interface has a name")
	}
	return nil
}

// Canonical returns i in the form in which it is stored: addresses as the host has
// them, and the node name as it was given, since targets may compare it byte by
// byte.
func (i Instance) Canonical() Instance {
	i.Addresses = slices.Clone(i.Addresses)
	for n, a := range i.Addresses {
		i.Addresses[n] = zone.Named(a.Unmap())
	}
	return i
}

// ValidInstanceName refuses what cannot be the name of an instance, with an *isdsc.Error: a
// name has 1 to 255 bytes of UTF-8 without control characters.
func ValidInstanceName(name string) error {
	refuse := func(reason string) error {
		return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "instance", Reason: reason}
	}
	switch {
	case name == "" || len(name) > MaxInstanceLen || len(FoldInstance(name)) > 3*MaxInstanceLen:
		return refuse("a name has 1 to 255 bytes")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return refuse("a name is UTF-8 without control characters")
	}
	return nil
}

// NoInstance is the refusal of an instance that does not exist: an *isdsc.Error.
func NoInstance(name string) error {
	return &isdsc.Error{Code: isdsc.InitiatorInstanceNotFound, What: "initiator instance " + text.Quote([]byte(name)), Reason: "it does not exist"}
}

// ValidPlace refuses an instance and a port number that no list of ports could have: a
// name that is too long, or a number without an instance. The error is an *isdsc.Error.
func ValidPlace(instance string, number Number) error {
	if len(instance) > MaxInstanceLen {
		return ValidInstanceName(instance)
	}
	if instance == "" && number != All {
		return &isdsc.Error{
			Code:   isdsc.Win32InvalidParameter,
			What:   "initiator port " + number.String(),
			Reason: "a port number belongs to an initiator instance: name the instance, such as host, or give the source address",
		}
	}
	return nil
}

// has reports whether an address belongs to the instance.
func (i *Instance) has(a Address) bool {
	if len(i.Interfaces) == 0 && len(i.Addresses) == 0 {
		return true
	}
	if slices.Contains(i.Interfaces, a.Interface) {
		return true
	}
	return slices.ContainsFunc(i.Addresses, func(own netip.Addr) bool {
		return own == a.Addr || own.Zone() == "" && own == a.Addr.WithZone("")
	})
}

// Own returns the addresses of the host that belong to the instance. Several
// interfaces may have one: the first that is up goes before the others.
func (i *Instance) Own(host []Address) map[netip.Addr]Address {
	own := make(map[netip.Addr]Address, len(host))
	for _, a := range host {
		if other, ok := own[a.Addr]; i.has(a) && (!ok || a.Up && !other.Up) {
			own[a.Addr] = a
		}
	}
	return own
}

// SameInstance compares names of instances, as the keys of their records do.
func SameInstance(a, b string) bool { return FoldInstance(a) == FoldInstance(b) }

// FoldInstance returns the form in which names of instances are compared, fit
// for a record's key.
func FoldInstance(name string) string { return url.PathEscape(strings.ToLower(name)) }
