// Package zone has the one form in which IP addresses are stored and compared, and
// handles the zones of link-local IPv6 addresses: names of network interfaces, which
// the kernel knows by number.
package zone
