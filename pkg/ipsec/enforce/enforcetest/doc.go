// Package enforcetest holds an enforce.Enforcer to its contract. It is for the
// enforcers of this module and for those of others.
//
// What an enforcer says of itself does not count: the caller's [Setup] counts the
// packets that left, and lists what is installed on the system. So the suite takes a
// world with a peer, which the caller makes.
package enforcetest
