// Package login has the options of a login to a portal: the flags, the kinds of
// authentication and the digests of ISCSI_LOGIN_OPTIONS of the reference API, bit for
// bit, and what this module adds to them (see Options). UseCHAP and UseMutualCHAP set
// the fields and their bits together. The session that carries them out is the
// Discoverer's, in package initiator.
package login
