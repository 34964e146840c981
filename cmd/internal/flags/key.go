package flags

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Key has the flags that say which portal is meant: from which port of which instance, and at
// which TCP port.
type Key struct {
	Instance string
	Port     PortNumber
	Source   netip.Addr
	TCPPort  int64
}

// FlagSet defines the flags. each says that each port may be meant.
func (k *Key) FlagSet(each bool) *pflag.FlagSet {
	fs := NewSet()
	numbers := "number of the port to ask from (discover port list); all (the default): routing decides"
	if each {
		numbers += "; each: one session from every port"
	}
	k.TCPPort = pdu.DefaultPort
	fs.Var(&instanceName{&k.Instance}, "instance", "the initiator instance to ask from; default: any that can reach the portal. The instance host is built in")
	fs.Var(&k.Port, "initiator-port", numbers)
	fs.Var(&address{&k.Source}, "source", "address of this host to ask from, instead of a port number")
	fs.Var(&number{value: &k.TCPPort, name: "N", min: 1, max: 65535}, "tcp-port", "TCP port of portals given without one; default 3260")
	return fs
}

// ListFlagSet defines the flags of a verb that lists ports, and asks none.
func (k *Key) ListFlagSet() *pflag.FlagSet {
	fs := NewSet()
	k.TCPPort = pdu.DefaultPort
	fs.Var(&instanceName{&k.Instance}, "instance", "show the ports of this instance only")
	fs.Var(&number{value: &k.TCPPort, name: "N", min: 1, max: 65535}, "tcp-port", "TCP port of a portal given without one; default 3260")
	return fs
}

// Check refuses flags that do not go together.
func (k *Key) Check() error {
	if k.Source.IsValid() && k.Port.Given {
		return exit.Usagef("--source and --initiator-port both select the port: give only one of them")
	}
	return nil
}

// Portal understands the one portal of a verb. Its error is an *exit.UsageError.
func (k *Key) Portal(arg string) (initiator.Portal, error) {
	if sweep.MayHoldSecret(arg) {
		return initiator.Portal{}, exit.Usagef("the argument is not a portal: URLs and user names are not accepted; write HOST or HOST:PORT")
	}
	p, _, err := sweep.SinglePortal(arg, uint16(k.TCPPort)) // whose portal group tag is ignored
	if err != nil {
		return p, exit.Usagef("portal %s: %v", wording.Quoted(arg), err)
	}
	return p, nil
}

// A PortNumber is the number of an initiator port, all, or each.
type PortNumber struct {
	Number ports.Number
	Each   bool
	Given  bool
}

// String is empty: the manual tells the default in words.
func (n *PortNumber) String() string { return "" }

// Type stands for the value in the manual.
func (n *PortNumber) Type() string { return "N" }

// Set takes a number, all, or each.
func (n *PortNumber) Set(s string) error {
	switch strings.ToLower(s) {
	case ports.All.String():
		*n = PortNumber{Given: true}
		return nil
	case sweep.EachPort:
		*n = PortNumber{Each: true, Given: true}
		return nil
	}
	v, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return errors.New("expected a number from 0 to 4294967294, all or each")
	}
	*n = PortNumber{Number: ports.N(uint32(v)), Given: true}
	return nil
}

// An address is an IP address of this host.
type address struct{ value *netip.Addr }

// NewAddress returns the value of a flag that is an address of this host.
func NewAddress(value *netip.Addr) *address { return &address{value} }

func (a *address) String() string { return "" }

func (a *address) Type() string { return "ADDRESS" }

func (a *address) Set(s string) error {
	v, err := netip.ParseAddr(s)
	if err != nil || v.IsUnspecified() || v.IsMulticast() {
		return errors.New("expected an IP address of this host, such as 192.0.2.2, 2001:db8::2 or fe80::2%eth0")
	}
	*a.value = v.Unmap()
	return nil
}

// NewSet returns a group of flags, in the order in which they are defined.
func NewSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SortFlags = false
	return fs
}

// FilterFlagSet defines the flags of a verb that shows the entries of the registry which have
// these values.
func (k *Key) FilterFlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.Var(&text{&k.Instance, "NAME"}, "instance", "only entries with this initiator instance")
	fs.Var(&k.Port, "initiator-port", "only entries with this port number of their instance; all: only those without a number")
	fs.Var(&address{&k.Source}, "source", "only entries whose initiator port has this address")
	return fs
}

// OfInstance reports whether an entry with that instance is one that FilterFlagSet means:
// any, as portal list prints it, is an entry without one.
func (k *Key) OfInstance(instance string) bool {
	if k.Instance == AnyInstance {
		return instance == ""
	}
	return ports.SameInstance(instance, k.Instance)
}

// CheckEntry refuses flags that do not go together where entries of the registry are meant.
func (k *Key) CheckEntry() error {
	if k.Port.Each {
		return errEachIsForScan
	}
	return k.Check()
}

// Entry understands the portal of a verb about one entry of the registry.
func (k *Key) Entry(arg string) (initiator.Portal, error) {
	if err := k.CheckEntry(); err != nil {
		return initiator.Portal{}, err
	}
	return k.Portal(arg)
}

// Entries understands the portals of a verb about entries of the registry, also those of
// @FILE and -, in their order. other is how to find what a block means.
func (k *Key) Entries(w *machine.Env, args []string, other string) ([]initiator.Portal, error) {
	if err := k.CheckEntry(); err != nil {
		return nil, err
	}
	p, err := sweep.ParsePortals(args, uint16(k.TCPPort), w)
	if err != nil {
		return nil, err
	}
	for _, b := range p.Blocks() {
		return nil, exit.Usagef("%s is a block or range, but single portals are needed here: find them with %s %s", wording.Quoted(b.Text), other, b.Text)
	}
	return slices.Collect(p.All()), nil
}

// Distinct returns portals without those that came before.
func Distinct(portals []initiator.Portal) (all []initiator.Portal) {
	type place struct {
		address string
		port    uint16
	}
	seen := make(map[place]bool)
	for _, p := range portals {
		at := place{p.Canonical(), p.Port}
		if !seen[at] {
			all = append(all, p)
		}
		seen[at] = true
	}
	return all
}

// Given reports whether a flag says which entry is meant.
func (k *Key) Given() bool { return k.Instance != "" || k.Port.Given || k.Source.IsValid() }

// errEachIsForScan is each where one entry is meant.
var errEachIsForScan = exit.Usagef("--initiator-port each works only with scan: an entry of the registry has one port, so add an entry for each number in discover port list")

// EntryKey returns the key of an entry. An address of ours becomes the number of its
// port, whether or not the host still has it.
func (k *Key) EntryKey(ctx context.Context, s *registry.Service, p initiator.Portal) (initiator.Key, error) {
	key := initiator.Key{Instance: k.Instance, Port: k.Port.Number, Portal: p}
	if !k.Source.IsValid() {
		return key, nil
	}
	if key.Instance == "" {
		key.Instance = ports.Host
	}
	selector, err := s.Selector(ctx, false)
	if err != nil {
		return key, err
	}
	port, ok := selector.Find(key.Instance, k.Source)
	if !ok {
		return key, &initiator.Error{Stage: initiator.StageValidate, Portal: p, Err: &isdsc.Error{
			Code:   isdsc.InvalidPortNumber,
			What:   "source " + k.Source.String(),
			Reason: fmt.Sprintf("no initiator port of instance %s has this address; see discover port list", key.Instance),
		}}
	}
	key.Instance, key.Port = port.Instance, port.Number
	return key, nil
}
