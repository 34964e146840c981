// Package registry is the initiator service of the reference API (Microsoft's iSCSI
// discovery library): a registry of SendTargets portals, static targets, initiator
// instances, preshared keys and IPsec policies, and the targets that were found. It
// asks its portals with package initiator, and keeps its records in a Store: packages
// sqlite (a file that several processes share) and memstore have one each.
package registry
