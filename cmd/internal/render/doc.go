// Package render makes lines of results and of lists: the table, JSON, JSON lines and
// the lines that iscsiadm prints. Names of JSON fields and their order are a contract,
// see docs/reference/output.md.
package render
