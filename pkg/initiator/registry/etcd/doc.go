// Package etcd keeps a registry in etcd, version 3.4 or later: for the two hosts of an
// active/standby pair, and for users who have etcd already. It also connects programs to
// etcd and puts into words what etcd says, for package fleet as well.
package etcd
