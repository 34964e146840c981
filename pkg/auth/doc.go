// Package auth has the authentication of a login (RFC 7143, section 12.1): [CHAP], one-way
// or mutual, and [None]. A [Method] is a value that says how, an [Exchange] one run of it.
// Both know the keys of the login text and nothing else: no sockets, no PDUs, no stages.
// [Secret] holds a secret that cannot be printed.
package auth
