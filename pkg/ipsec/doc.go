// Package ipsec decides whether the connection to a portal runs over IPsec, and how. It is
// pure: [Settings] (flags, history, what exists) go in, a [Plan] comes out that says which
// rule decided and why. Nothing here looks at the system, holds a key or sends a byte: an
// enforcer carries the Plan out (package enforce).
package ipsec
