// Package leader is the host of a fleet that was elected: it copies answers from the hosts
// that have them to where all read them, removes those that no host names any more, and
// remembers which hosts there are, so that one that is silent is missed.
//
// Any number of hosts may be candidates. Each has a key of its own under a lease, and the
// oldest leads; when its lease ends, the next one does. Each write compares the key of the
// host that leads, so that what a host writes that was deposed, and does not know it yet, is
// refused by etcd.
package leader
