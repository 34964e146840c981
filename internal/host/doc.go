// Package host has the forms in which hosts are written: which text is a host name,
// which address is that of one host, and the one form in which addresses are
// compared. It knows no network, so that packages on both sides of pkg/ipsec and
// pkg/initiator share it.
package host
