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
//
// # What a guest can be
//
// A target: [Guest.StartLIO].
//
// A target that answers under IPsec alone: [Guest.StartPeer], with charon; with other
// daemons in its place: [Guest.StartPluto] and [Guest.PrepareIked]. [Peer.Require] says
// what protection it takes, and from whom; the next Require forgets the last. The
// test's own side, without IPsec in its kernel, may be the other end.
//
// The other end with a kernel's IPsec: a second guest, started by
// [StartTogether] on the same [Config.Bridge]. A test that has to run there is in
// the Config's Programs, knows that by [Inside], and is run by [Guest.RunTests],
// while the test outside sets the peer, captures what is on the cable, and has
// package wire judge it.
//
// # What to expect
//
// A guest is ready in two to five seconds. Now and then, one packet in a thousand,
// its kernel takes notice of a packet only when the next one comes: what is lost on
// other networks is late here, by the time that its sender takes to send again.
package uml
