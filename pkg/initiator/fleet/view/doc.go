// Package view reads a fleet from etcd and says what its hosts see: which of them see the
// same at a portal, which see less than their peers, which are silent, and what changed.
//
// A Reader lists the fleet once and then follows it with etcd's watch. While etcd is away it
// serves the last View and says since when that is old. Reading costs etcd every change of
// every host, so a Reader runs where a person or a client looks, not on each host of a large fleet.
//
// What is in a View was written by other hosts. Package fleet checked its form; texts in it
// are as they were written, and whoever shows them escapes them.
package view
