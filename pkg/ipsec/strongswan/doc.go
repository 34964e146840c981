// Package strongswan has the IKE daemon of strongSwan, charon, negotiate the
// keys of a connection: IKEv1 with a preshared key, main or aggressive mode,
// IPsec in transport or tunnel mode, with or without PFS.
//
// The daemon makes security associations and nothing else (policies = no). That
// no byte goes around them is the business of package xfrm: its hold is on the
// socket before it connects. So the rest of the host goes on as before, and a
// daemon that fails, is restarted or is not what it seems can stop a connection,
// but not expose it.
//
// # What is left behind
//
// Nothing. The connection, its key and its associations are taken out of the
// daemon by Close, and where setting up fails halfway. A process that was killed
// could not do that; its names begin with iscsi-discovery and tell whose they
// are, and the next Enforcer takes out what belongs to a process that is no
// more.
//
// # What is left alone
//
// Connections and keys of the host stay as they are. The daemon looks keys up by
// the two ends, so where it has a connection with preshared keys between the
// same ends, ours would come before the host's own, and the Enforcer refuses.
// Associations of the host are never used, except under plans that are in place.
//
// # One after the other
//
// A peer answers under the newest associations that have the selectors of a
// connection, and the local port is not among these. So connections from one
// address to one portal take turns, those of other processes included.
//
// # Who can do this
//
// It takes Linux, charon with its vici plugin and a kernel with ESP, the right to
// speak with charon (its socket is root's) and CAP_NET_ADMIN.
package strongswan
