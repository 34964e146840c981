package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// keyFlags say which portal is meant: from which port of which instance, and at
// which TCP port.
type keyFlags struct {
	instance string
	port     portNumber
	source   netip.Addr
	tcpPort  int64
}

// flags defines the flags. each says that each port may be meant.
func (k *keyFlags) flags(each bool) *pflag.FlagSet {
	fs := newFlagSet()
	numbers := "the port of the instance by its number (see discover port list), or all: current routing decides (the default)"
	if each {
		numbers += ", or each: one session from every port"
	}
	k.tcpPort = pdu.DefaultPort
	fs.Var(&text{&k.instance, "NAME"}, "instance", "the initiator instance to ask from; default: any that can reach the portal; the built-in one is host")
	fs.Var(&k.port, "initiator-port", numbers)
	fs.Var(&address{&k.source}, "source", "the port by its address")
	fs.Var(&number{value: &k.tcpPort, name: "N", min: 1, max: 65535}, "tcp-port", "TCP port of portals that name none; default 3260")
	return fs
}

// listFlags defines the flags of a verb that lists ports, and asks none.
func (k *keyFlags) listFlags() *pflag.FlagSet {
	fs := newFlagSet()
	k.tcpPort = pdu.DefaultPort
	fs.Var(newText(&k.instance, "NAME"), "instance", "show the ports of this instance only")
	fs.Var(&number{value: &k.tcpPort, name: "N", min: 1, max: 65535}, "tcp-port", "TCP port of a portal that names none; default 3260")
	return fs
}

// check refuses flags that do not go together.
func (k *keyFlags) check() error {
	if k.source.IsValid() && k.port.given {
		return machine.Usagef("--source and --initiator-port are two ways to say the same: choose one")
	}
	return nil
}

// portal understands the one portal of a verb. Its error is a *machine.UsageError.
func (k *keyFlags) portal(arg string) (initiator.Portal, error) {
	if sweep.MayHoldSecret(arg) {
		return initiator.Portal{}, machine.Usagef("the argument is no portal: neither a URL nor a user name goes here; write HOST or HOST:PORT")
	}
	p, err := initiator.ParsePortal(arg, uint16(k.tcpPort))
	if err != nil {
		return p, machine.Usagef("portal %s: %s", machine.Quoted(arg), machine.ConfigReason(err))
	}
	return p, nil
}

// A portNumber is the number of an initiator port, all, or each.
type portNumber struct {
	number ports.Number
	each   bool
	given  bool
}

func (n *portNumber) String() string { return "" }

func (n *portNumber) Type() string { return "N" }

func (n *portNumber) Set(s string) error {
	switch s {
	case ports.All.String():
		*n = portNumber{given: true}
		return nil
	case sweep.EachPort:
		*n = portNumber{each: true, given: true}
		return nil
	}
	v, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return errors.New("a number from 0 to 4294967294, all or each")
	}
	*n = portNumber{number: ports.N(uint32(v)), given: true}
	return nil
}

// An address is an IP address of this host.
type address struct{ value *netip.Addr }

// newAddress returns an address.
func newAddress(value *netip.Addr) *address { return &address{value} }

func (a *address) String() string { return "" }

func (a *address) Type() string { return "ADDRESS" }

func (a *address) Set(s string) error {
	v, err := netip.ParseAddr(s)
	if err != nil || v.IsUnspecified() || v.IsMulticast() {
		return errors.New("an IP address of this host, such as 192.0.2.2, 2001:db8::2 or fe80::2%eth0")
	}
	*a.value = v.Unmap()
	return nil
}

// newFlagSet returns a group of flags, in the order in which they are defined.
func newFlagSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SortFlags = false
	return fs
}

// entry understands the portal of a verb about one entry of the registry.
func (k *keyFlags) entry(arg string) (initiator.Portal, error) {
	if err := k.check(); err != nil {
		return initiator.Portal{}, err
	}
	if k.port.each {
		return initiator.Portal{}, errEachIsForScan
	}
	return k.portal(arg)
}

// errEachIsForScan is each where one entry is meant.
var errEachIsForScan = machine.Usagef("--initiator-port each is for scan: an entry of the registry is asked from one port, so add one for each number of discover port list")

// of returns the key of an entry. An address of ours becomes the number of its
// port, whether or not the host still has it.
func (k *keyFlags) of(ctx context.Context, s *registry.Service, p initiator.Portal) (initiator.Key, error) {
	key := initiator.Key{Instance: k.instance, Port: k.port.number, Portal: p}
	if !k.source.IsValid() {
		return key, nil
	}
	if key.Instance == "" {
		key.Instance = ports.Host
	}
	selector, err := s.Selector(ctx, false)
	if err != nil {
		return key, err
	}
	port, ok := selector.Find(key.Instance, k.source)
	if !ok {
		return key, &initiator.Error{Stage: initiator.StageValidate, Portal: p, Err: &isdsc.Error{
			Code:   isdsc.InvalidPortNumber,
			What:   "source " + k.source.String(),
			Reason: fmt.Sprintf("no initiator port of instance %s has this address; see discover port list", key.Instance),
		}}
	}
	key.Instance, key.Port = port.Instance, port.Number
	return key, nil
}
