// Package iscsitest is the other end for tests: an iSCSI target that says
// exactly what a test wants, well or badly.
//
// A [Script] reads like the ladder diagram of one connection and can misbehave
// in any way. A [Target] is a well-behaved discovery target with a few
// settings, and a door for misbehaviour. Both run over any net.Conn: [Pipe]
// serves one in memory, good for testing/synctest, [Listen] serves many on the
// loopback interface.
//
// An [Auditor] always listens. It knows what an initiator may send in a
// discovery session, byte by byte, and whatever breaks a rule fails the test,
// also where the test is about something else.
package iscsitest
