// Package dial makes TCP connections from a chosen source address and network
// interface. Where routing decides, on Linux, it uses the system calls directly: in a
// sweep, net.Dialer's own work is a good part of the time.
package dial
