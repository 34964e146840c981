//go:build !linux

package xfrm

// Any returns why it is not known here whether there are policies.
func Any() (bool, error) { return false, errSystem }
