// Package esp seals and opens packets of ESP (RFC 4303), one direction of one security
// association at a time. It knows no sockets and no clock.
package esp
