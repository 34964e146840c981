// Package userspace has an [Enforcer] that does IPsec within the process: IKE, ESP in UDP
// and TCP. It needs no privilege, no daemon and nothing of the kernel but a UDP socket, so
// it works on each system. There is no other way for the bytes of a connection than
// through ESP.
package userspace
