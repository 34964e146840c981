// Package netstack is TCP over packets, by gVisor. Nothing else in the module imports
// gVisor.
package netstack
