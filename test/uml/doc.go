// Package uml starts guests for tests: Linux kernels of their own, each an
// ordinary process (user-mode Linux), with what the host's kernel may lack, such
// as IPsec and an iSCSI target. Neither hardware support nor a disk image is
// needed: a guest sees the host's files, and what it writes stays in its memory.
//
// A guest's first process is the program guestd, which talks with the test over
// a serial line, so the network between them carries only what the test is
// about. The network is a TAP interface in the test's network namespace.
//
// Nothing stays behind, however a test ends: the guest's processes are in a
// namespace that ends with the first of them, that one ends with the test, no
// file has a name, and the interface is gone with its namespace.
//
// Guests of several test programs run one after the other.
package uml
