// Package owndisk gives the child process of a test a small disk of its own: a
// file system in memory, in a mount namespace that ends with the child. The disk
// can be filled up and made read-only, and nothing else on the system notices.
//
// The child of an ordinary user is in a user namespace as well, in which it is
// root: that is what allows it to mount.
package owndisk
