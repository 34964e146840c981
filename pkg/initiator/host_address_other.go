//go:build !linux

package initiator

// passingAddresses knows only Linux's way to tell.
func passingAddresses() map[onLink]bool { return nil }
