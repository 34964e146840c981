//go:build !linux

package initiator

import "net/netip"

// passingAddresses knows only Linux's way to tell.
func passingAddresses() map[netip.Addr]bool { return nil }
