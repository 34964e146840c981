package pdu

// Serial numbers (StatSN, CmdSN) are compared in 32-bit serial arithmetic
// (RFC 1982; RFC 7143, section 4.2.2): the number after 0xffffffff is 0.

// SerialLess reports whether a comes before b. Of two numbers that lie exactly
// 2^31 apart neither comes before the other.
func SerialLess(a, b uint32) bool { return a != b && b-a < 1<<31 }

// SerialLessEq reports whether a is b or comes before it.
func SerialLessEq(a, b uint32) bool { return a == b || SerialLess(a, b) }
