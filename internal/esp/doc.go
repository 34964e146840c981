// Package esp has one direction of one security association of the Encapsulating Security
// Payload (RFC 4303): a [Sealer] makes packets, an [Opener] checks and reads them. A packet
// goes from the SPI to the integrity check value; the UDP header around it (RFC 3948) and
// the IP header are the caller's. Nothing here knows a socket or a clock.
package esp
