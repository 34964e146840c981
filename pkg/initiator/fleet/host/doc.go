// Package host publishes through etcd what one host of a fleet sees, under a lease that
// ends with the host, and reads what the fleet wants of it.
//
// A Host writes only what changes: at rest nothing but keep-alives of its lease goes to
// etcd. While etcd cannot be reached it remembers what there is to write, and writes it when
// it can: nothing that uses a Host waits for etcd.
package host
