// Package fleetprogram runs the program discover-fleet, which has the verbs of discover fleet
// and links etcd's client, so that discover itself need not.
package fleetprogram
