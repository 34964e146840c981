// Package auto has an [Enforcer] that chooses: package xfrm for protection that is in
// place, package strongswan where charon answers and the kernel can use its keys, else
// package userspace.
package auto
