package pdu

// DefaultPort is the TCP port of a target portal that names none (RFC 7143,
// section 15.1).
const DefaultPort = 3260
