// Package settle takes what a fleet wants of a host into the host's registry.
//
// The local registry wins: an entry that is there and was not made by the fleet stays as it
// is, and so does one of the fleet's that somebody changed at the host. Policies of a fleet
// only make IPsec stronger. What was applied last stays when etcd is away.
package settle
