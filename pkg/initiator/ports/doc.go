// Package ports maps initiator port numbers to source addresses.
//
// An initiator instance (the host's own, or one that an administrator defined) has
// numbered ports, each with one address of the host. A Selector chooses the ports from
// which a portal is asked: one by its number, each one, or with All the one that
// routing picks (ISCSI_ALL_INITIATOR_PORTS of the reference API).
package ports
