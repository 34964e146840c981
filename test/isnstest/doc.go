// Package isnstest has an iSNS server for tests: a small database that answers as RFC 4171
// says, on TCP or in memory, and hooks that spoil what it sends.
package isnstest
