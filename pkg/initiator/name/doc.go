// Package name validates iSCSI names (RFC 7143, section 4.2.7) and host names.
//
// A name is harmful where it has it contains a character that is not allowed in iSCSI names, is too long,
// or does not start with a letter or digit: it is never used. A name that is only
// unusual, as real arrays have them, is used with a warning.
package name
