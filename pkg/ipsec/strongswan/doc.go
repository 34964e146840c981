// Package strongswan has an [Enforcer] that lets charon, the IKE daemon of strongSwan,
// negotiate the keys of a connection: IKEv1 with a preshared key, main or aggressive mode,
// transport or tunnel mode, with or without PFS. charon makes security associations only
// (policies = no); a hold of package xfrm on the socket keeps every byte under them.
// It needs Linux, charon with its vici plugin, its socket (root) and CAP_NET_ADMIN.
package strongswan
