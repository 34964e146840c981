package main

import (
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/spf13/pflag"
)

// ipsecFlags say which IPsec a portal is to be asked under, and how to connect.
type ipsecFlags struct {
	list, bitmap ipsecWords
	bindDevice   bool
}

func (i *ipsecFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	i.list.parse = ipsec.ParseList
	fs.Var(&i.list, "ipsec", "which IPsec to ask under: some of ike, transport, tunnel, main, aggressive, pfs; or off. This version cannot set it up yet, and refuses to connect without")
	i.bitmap.parse = parseBitmap
	fs.Var(&i.bitmap, "security-flags", "the same as the bitmap of the reference API, as in 0x27")
	fs.BoolVar(&i.bindDevice, "bind-device", false, "bind to the network interface of the port as well (Linux)")
	for _, name := range []string{"ipsec-psk", "ipsec-id", "ipsec-outer", "ipsec-enforcer", "ipsec-unknown"} {
		refuse(fs, name, "leave it out, and let the system's own IPsec protect the way")
	}
	return fs
}

// security returns the flags.
func (i *ipsecFlags) security() (ipsec.Flags, error) {
	if i.list.given && i.bitmap.given {
		return 0, usagef("--ipsec and --security-flags are two ways to say the same: choose one")
	}
	return i.list.flags | i.bitmap.flags, nil
}

// ipsecWords is the value of a flag that means security flags.
type ipsecWords struct {
	parse func(string) (ipsec.Flags, error)
	flags ipsec.Flags
	given bool
}

func (w *ipsecWords) String() string { return "" }
func (w *ipsecWords) Type() string   { return "FLAGS" }

func (w *ipsecWords) Set(s string) (err error) {
	w.flags, err = w.parse(s)
	w.given = true
	var pe *ipsec.ParseError
	if errors.As(err, &pe) {
		return errors.New(pe.Reason)
	}
	return err
}

// parseBitmap reads 0xNN.
func parseBitmap(s string) (ipsec.Flags, error) {
	if !strings.HasPrefix(strings.ToLower(s), "0x") {
		return 0, errors.New("0x and up to 16 hexadecimal digits are needed; words go with --ipsec")
	}
	return ipsec.Parse(s)
}
