// Package jsonitem has the items of the command's JSON: results, portals, targets and others.
// Names of fields and their order are a contract, see docs/reference/output.md. Texts escape
// what cannot be seen.
package jsonitem
