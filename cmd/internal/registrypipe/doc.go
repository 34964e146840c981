// Package registrypipe has a program use a registry.Store that another process opens, over a
// pair of pipes. discover uses a registry in etcd in this way: the program discover-fleet,
// which links etcd's client, opens it, so that discover itself starts as quickly without.
package registrypipe
