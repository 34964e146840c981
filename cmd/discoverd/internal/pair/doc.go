// Package pair has two or more discoverd work on one registry in etcd: one of them, which is
// elected, asks the portals, and the others stand by.
package pair
