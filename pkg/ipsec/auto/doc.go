// Package auto has an [Enforcer] that chooses: package xfrm for protection that is in
// place, package strongswan where charon answers and sockets can be held, else package
// userspace.
package auto
