//go:build !unix

package vici

import "net"

// quiet is false: whether the other end has closed a connection is not known
// before it is used.
func quiet(net.Conn) bool { return false }
