package main

import (
	"errors"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/spf13/pflag"
)

// keyFlags say which portal is meant: from which port of which instance, and at
// which TCP port.
type keyFlags struct {
	source  netip.Addr
	tcpPort int64
}

func (k *keyFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	k.tcpPort = initiator.DefaultPort
	fs.Var(&address{&k.source}, "source", "the address of this host to ask from; default: routing decides")
	fs.Var(&number{value: &k.tcpPort, name: "N", min: 1, max: 65535}, "tcp-port", "TCP port of portals that name none; default 3260")
	refuse(fs, "instance", "there is one instance, and --source ADDRESS chooses where to ask from")
	refuse(fs, "initiator-port", "routing decides, or --source ADDRESS chooses where to ask from")
	return fs
}

// An address is an IP address of this host.
type address struct{ value *netip.Addr }

func (a *address) String() string { return "" }
func (a *address) Type() string   { return "ADDRESS" }

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

// refuse defines a flag with a value that is not there yet; instead says what to
// do without it.
func refuse(fs *pflag.FlagSet, name, instead string) {
	fs.VarPF(&notYet{instead: instead}, name, "", "").Hidden = true
}

// refuseSwitch is refuse for a flag without a value.
func refuseSwitch(fs *pflag.FlagSet, name, instead string) {
	f := fs.VarPF(&notYet{instead: instead}, name, "", "")
	f.Hidden = true
	f.NoOptDefVal = "true"
}
