// Package auth is how the two sides of a login prove who they are (RFC 7143,
// section 12.1): [CHAP], one-way or mutual, and [None].
//
// A [Method] is a value that says how; an [Exchange] is one run of it. Exchanges
// know keys and nothing else: no sockets, no PDUs, no stages of the login. They
// read what the target sent and append what we send:
//
//	x := method.Begin()
//	defer x.Close()
//	…Step until it reports the last keys of ours…
//	…Finish with the target's answer to those…
//
// Nothing counts as authenticated before Finish has returned nil, in particular
// not because a target moves on: some log us in without any CHAP.
//
// Errors that tell what to do are of these types: [*ConfigError] (our own
// settings), [*KeyError] (CHAP keys that are malformed or out of place),
// [*AlgorithmError] (none in common), [*RejectionError] (the target rejects our
// response), [*ReflectionError] and [*ProofError] (the target did not prove
// itself). No error quotes a secret or what the target sent, numbers and the
// words of RFC 7143 excepted.
package auth
