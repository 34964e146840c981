// Package fleetflags has the flags by which discoverd and discover fleet reach the etcd of a
// fleet. It links etcd's client, so discover itself does not import it.
package fleetflags
