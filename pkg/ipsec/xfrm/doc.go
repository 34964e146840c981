// Package xfrm uses what Linux itself has for IPsec: a [Hold] on one socket, a [Dialer] that
// connects under one, and [Existing], which reads the kernel's policies and security
// associations. [Enforcer] connects where the host's policies protect already. All of it
// takes CAP_NET_ADMIN; without, and on other systems, what exists is unknown, and a
// connection that needs a Hold fails.
package xfrm
