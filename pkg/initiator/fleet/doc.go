// Package fleet has what the hosts of a fleet tell each other through etcd: keys, records and
// answers, how they are written and how they are read. It connects to nothing: packages
// host, leader and view below it do.
//
// Each host writes what it sees below a prefix of its own, under its lease. One discoverd
// that is elected copies answers to where all read them, and removes what nobody names any
// more. Whatever is read from etcd was written by another host and is not trusted: texts are
// as they were written, bounded in length, and whoever shows them escapes them.
package fleet
