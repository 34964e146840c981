// Package xfrm is what Linux itself offers for IPsec: a hold on one socket, and
// a look at the kernel's policies and security associations.
//
// A [Hold] is a policy of a single socket (IP_XFRM_POLICY). It is set before the
// socket connects, goes before every policy of the host, and lets nothing pass
// but under the security associations that it names: not a SYN before they
// exist, and not a retransmission after they are gone. A [Dialer] makes a
// connection under a hold, and guards it: for what the kernel says for a socket
// that is no more, there is a policy of the host for the one connection, until
// the Dialer is closed. No other connection of the host notices.
//
// [Existing] tells which of the host's own policies cover a connection, and
// [Enforcer] makes connections where they protect it already. It sets nothing up
// and holds no keys: that is what package strongswan does, with a hold of this
// package.
//
// All of it takes CAP_NET_ADMIN. Without, what exists is unknown, and a
// connection that needs a hold fails. On other systems likewise.
package xfrm
