package main

import "github.com/spf13/pflag"

// ipsecFlags defines the flags of IPsec, none of which is there yet.
func ipsecFlags() *pflag.FlagSet {
	fs := newFlagSet()
	for _, name := range []string{
		"ipsec", "security-flags", "ipsec-psk", "ipsec-id", "ipsec-outer", "ipsec-enforcer", "ipsec-unknown",
	} {
		refuse(fs, name, "portals are asked in clear text: leave the flag out, and let the system's own IPsec protect the way")
	}
	refuseSwitch(fs, "bind-device", "leave it out, and choose the address by --source ADDRESS")
	return fs
}
