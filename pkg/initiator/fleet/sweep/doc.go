// Package sweep shares a sweep of addresses among the hosts of a fleet, with leases,
// comparisons and watches of etcd alone.
//
// A Scan writes a job under its lease. Each Worker whose administrator allows it offers to
// take part, under a lease of its own. The Granter, which runs on the elected leader, gives
// shards of the job to offers, one host at a time, and gives them to others when an offer is
// gone. A Worker counts its lease from when it sent the last keep-alive that was answered, so
// that it stops asking before etcd can have ended the lease. It writes what it found; the
// Granter says whose results of a shard count; the Scan checks them, says that it has them,
// and only then shows them. Once the job's key is gone all remove what they wrote.
package sweep
